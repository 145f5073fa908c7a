//! The shop: `cargo run -p merchant`.

fn main() {}
