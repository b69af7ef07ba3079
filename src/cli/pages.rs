//! The pages of `docs/errors/`, embedded, by code. `tests/tidy.rs` checks that none is missing.

macro_rules! pages {
    ($($code:literal)+) => {
        /// Codes and their pages, ascending.
        pub const PAGES: &[(&str, &str)] =
            &[$(($code, include_str!(concat!("../../docs/errors/", $code, ".md")))),+];
    };
}

pages! {
    "E0001"
    "E0090"
    "E3001"
    "E4001"
    "E4002"
    "E4003"
    "E4004"
    "E4005"
    "E4010"
    "E4090"
    "E5001"
    "E5002"
    "E5003"
    "E5004"
    "E5005"
    "W0401"
}
