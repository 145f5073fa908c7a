//! Names: from words on the wire to Rust, from types to modules.

use super::model::{Family, Generation};

/// `pay.native_prepay` of family `pay` and type `NativePrepay`, `v2.pay.order_query` of v2.
pub(super) fn operation(family: &Family, name: &str) -> String {
    let generation = match family.generation {
        Generation::V2 => "v2.",
        Generation::V3 => "",
    };
    format!("{generation}{}.{}", family.name, snake(name))
}

/// The module of an operation. One that is called like its family has another name: clippy refuses
/// `transfer::transfer`.
pub(super) fn module(family: &str, name: &str) -> String {
    let module = snake(name);
    if module == family {
        "operation".to_owned()
    } else {
        module
    }
}

/// `query_order_by_id` of `QueryOrderById`, `h5_prepay` of `H5Prepay`.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, char) in name.char_indices() {
        if char.is_ascii_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
    }
    snake
}

/// The variant of a word: `Success` of `SUCCESS`, `OtherBalance` of `OTHER_BALANCE`, `Wap` of
/// `Wap`.
pub(super) fn variant(word: &str) -> String {
    let shouted = !word.chars().any(|char| char.is_ascii_lowercase());
    let mut variant = String::with_capacity(word.len());
    for part in word.split(['_', '-', '.', ' ']) {
        for (at, char) in part.char_indices() {
            variant.push(match at {
                0 => char.to_ascii_uppercase(),
                _ if shouted => char.to_ascii_lowercase(),
                _ => char,
            });
        }
    }
    variant
}

/// Whether `name` is a type's name: `H5Prepay`.
pub(super) fn is_type(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_uppercase())
        && name.chars().all(|char| char.is_ascii_alphanumeric())
        && name.chars().any(|char| char.is_ascii_lowercase())
}

/// Whether `name` is a variant's: a type's, or as short as `H5`.
pub(super) fn is_variant(name: &str) -> bool {
    is_type(name) || name == "H5"
}

/// Whether `name` is a field's or a module's: `out_trade_no`.
pub(super) fn is_snake(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_lowercase())
        && !name.contains("__")
        && !name.ends_with('_')
        && name
            .chars()
            .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
}

/// Whether `name` is a header that an operation may have: nothing that the protocol writes.
pub(super) fn is_header(name: &str) -> bool {
    let own = [
        "accept",
        "authorization",
        "connection",
        "expect",
        "host",
        "transfer-encoding",
        "user-agent",
    ];
    let lower = name.to_ascii_lowercase();
    name.chars()
        .all(|char| char.is_ascii_alphanumeric() || char == '-')
        && !own.contains(&lower.as_str())
        && !lower.starts_with("content-")
        && !lower.starts_with("wechatpay-")
}

/// Whether Rust keeps `name` for itself, or the traits of operations do.
pub(super) fn is_reserved(generation: Generation, name: &str) -> bool {
    const RUST: [&str; 49] = [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
        "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
        "in", "let", "loop", "macro", "match", "mod", "move", "mut", "new", "override", "pub",
        "ref", "return", "self", "static", "struct", "super", "trait", "type", "unsafe", "use",
        "virtual", "where", "while", "yield", "try", "true",
    ];
    let methods: &[&str] = match generation {
        Generation::V2 => &["info", "check", "write", "read"],
        Generation::V3 => &["info", "target", "headers", "body", "check", "decode"],
    };
    RUST.contains(&name) || methods.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_variants() {
        for (word, expected) in [
            ("SUCCESS", "Success"),
            ("OTHER_BALANCE", "OtherBalance"),
            ("no_balance", "NoBalance"),
            ("Android", "Android"),
            ("TRANSACTION.SUCCESS", "TransactionSuccess"),
        ] {
            assert_eq!(variant(word), expected);
        }
    }

    #[test]
    fn types_become_modules() {
        assert_eq!(
            snake("QueryOrderByOutTradeNo"),
            "query_order_by_out_trade_no"
        );
        assert_eq!(snake("H5Prepay"), "h5_prepay");
    }
}
