//! The proof over two sets of policies: nothing new. Exact for policies that are narrowings of
//! others; *Policy language* takes it to the whole language.
