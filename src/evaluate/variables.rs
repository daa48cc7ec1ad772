//! Policy variables: `${aws:username}`, `${key, 'default'}`, `${*}`.
