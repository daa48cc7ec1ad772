//! FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>): a hash that is the same on every machine and in every
//! version, for what is written down or chosen by it.

/// The hash of two texts, kept apart.
pub(crate) fn of(first: &str, second: &str) -> u64 {
    let bytes = first.bytes().chain([0]).chain(second.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
