//! The part for people who come from the Python SDK.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Index;
use super::tables::{Function, PythonSdk};

/// The functions by the interface they call.
pub(super) fn callers(sdk: &PythonSdk) -> BTreeMap<&str, Vec<&str>> {
    let mut callers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for function in &sdk.function {
        for call in &function.calls {
            callers.entry(call).or_default().push(function.parts().1);
        }
    }
    callers
}

pub(super) fn write(text: &mut String, sdk: &PythonSdk, index: &Index<'_>) {
    let (package, version) = (&sdk.package, &sdk.version);
    let wrong = sdk
        .function
        .iter()
        .filter(|function| function.sends.is_some());
    let _ = write!(
        text,
        "<a id=\"python\"></a>\n\n## From the Python SDK\n\n\
         Every function of `{package}` {version} and the types to call in its place;\n\
         [the guide](crates/wxpay-client/MIGRATING.md) tells how clients are made, notifications opened and errors read. {}\n\
         functions use an HTTP method that the interface does not take (⚠): they cannot have worked.\n\n",
        wrong.count(),
    );
    let mut module = "";
    for function in &sdk.function {
        if function.parts().0 != module {
            if !module.is_empty() {
                text.push('\n');
            }
            module = function.parts().0;
            let _ = writeln!(
                text,
                "### `{module}`\n\n| function | here | |\n|---|---|---|"
            );
        }
        let name = function.parts().1;
        let _ = writeln!(
            text,
            "| `{name}` | {} | {} |",
            here(function, index),
            remark(function)
        );
    }
}

fn here(function: &Function, index: &Index<'_>) -> String {
    if let Some(instead) = &function.instead {
        return instead.clone();
    }
    let types = function.calls.iter().map(|call| match index.path(call) {
        Some(path) => format!("`{path}`"),
        None => format!("`Untyped`: `{call}`"),
    });
    types.collect::<Vec<_>>().join("<br>")
}

fn remark(function: &Function) -> String {
    let mut remarks = Vec::new();
    if let (Some(sends), Some(call)) = (&function.sends, function.calls.first()) {
        let method = call.split(' ').next().unwrap_or_default();
        remarks.push(format!("⚠ sends `{sends}`, the interface takes `{method}`"));
    }
    remarks.extend(function.note.clone());
    remarks.join("; ")
}
