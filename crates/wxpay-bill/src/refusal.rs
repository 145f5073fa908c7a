//! What stands in a file that is not a bill but an answer: XML of v2 and of Tenpay (v1), JSON of v3, a page of something
//! in between.

use crate::error::{Error, ErrorKind};

/// Says what an answer says. It was recognised by its first character, so this need not be exact.
pub(crate) fn read(text: &str) -> Error {
    let (code, message) = if text.trim_start().starts_with('{') {
        (json(text, &["code"]), json(text, &["message"]))
    } else {
        (
            element(text, &["err_code", "error_code", "retcode"]),
            element(text, &["err_code_des", "return_msg", "retmsg"]),
        )
    };
    match (code, message) {
        (None, None) => Error::new(
            ErrorKind::Layout,
            "not a bill: it begins like a web page or a document",
        ),
        (code, message) => {
            let message = message.unwrap_or_default();
            // v2 tells some reasons by their text alone.
            Error::refused(code.unwrap_or(message), message)
        }
    }
}

/// The text of the first of these elements.
fn element<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (inner, _) = rest.split_once(&format!("</{name}>"))?;
        let inner = inner.trim();
        let inner = inner
            .strip_prefix("<![CDATA[")
            .and_then(|inner| inner.strip_suffix("]]>"))
            .unwrap_or(inner);
        (!inner.is_empty()).then_some(inner)
    })
}

/// The text of the first of these members. Texts with escapes are given up to the first of them.
fn json<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let (_, rest) = text.split_once(&format!("\"{name}\""))?;
        let rest = rest
            .trim_start()
            .strip_prefix(':')?
            .trim_start()
            .strip_prefix('"')?;
        let inner = rest.split(['"', '\\']).next()?;
        (!inner.is_empty()).then_some(inner)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_both_generations() {
        for (text, code, no_bill) in [
            (
                "<xml><return_code><![CDATA[FAIL]]></return_code>\n<return_msg><![CDATA[No Bill Exist]]></return_msg><error_code><![CDATA[20002]]></error_code></xml>",
                "20002",
                true,
            ),
            (
                "<xml><return_code>FAIL</return_code><return_msg>No Bill Exist</return_msg></xml>",
                "No Bill Exist",
                true,
            ),
            (
                "<xml><return_code>SUCCESS</return_code><err_code>NO_BILL_EXIST</err_code><err_code_des>账单不存在</err_code_des></xml>",
                "NO_BILL_EXIST",
                true,
            ),
            (
                "<?xml version=\"1.0\" encoding=\"GBK\" ?>\n<root><retcode>88222014</retcode><retmsg><![CDATA[没有]]></retmsg></root>",
                "88222014",
                false,
            ),
            (
                r#"{"code": "NO_STATEMENT_EXIST", "message": "账单文件不存在"}"#,
                "NO_STATEMENT_EXIST",
                true,
            ),
            (
                r#"{"message":"账单生成中","code":"STATEMENT_CREATING"}"#,
                "STATEMENT_CREATING",
                false,
            ),
        ] {
            let error = read(text);
            assert_eq!(error.kind(), ErrorKind::Refused);
            assert_eq!(error.code(), Some(code), "{text}");
            assert_eq!(error.is_no_bill(), no_bill, "{text}");
        }
        for text in [
            "<html><body>502</body></html>",
            "{}",
            "{\"code\":1}",
            "<",
            "<xml>",
        ] {
            assert_eq!(read(text).kind(), ErrorKind::Layout, "{text}");
        }
    }
}
