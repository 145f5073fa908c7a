//! The checkout page, from `checkout.html`.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use qrcode::QrCode;
use qrcode::render::svg;

use crate::shop::Order;

const TEMPLATE: &str = include_str!("checkout.html");

/// The page of an order.
pub(crate) fn checkout(order: &Order, paid: bool) -> Result<Response<Bytes>> {
    let nonce = example_support::nonce()?;
    let price = order.expected.total.yuan().to_string();
    // The sandbox's codes lead to a page, since no phone knows it; WeChat Pay's begin with `weixin://`.
    let cashier = if order.code_url.starts_with("http://") {
        &order.code_url
    } else {
        ""
    };
    let html = fill(
        TEMPLATE,
        &[
            ("state", if paid { "paid" } else { "waiting" }),
            ("name", &order.name),
            ("price", &price),
            ("number", &order.number),
            ("cashier", cashier),
            ("nonce", nonce.as_str()),
        ],
    )?;
    // Should a text get through unescaped after all, it is not run.
    let policy = format!(
        "default-src 'none'; img-src 'self'; connect-src 'self'; style-src 'nonce-{nonce}'; \
         script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    Ok(Response::builder()
        .header(CONTENT_TYPE, "text/html; charset=utf-8")
        .header(CONTENT_SECURITY_POLICY, policy)
        .header(CACHE_CONTROL, "no-store")
        .body(html.into())?)
}

/// The QR code of an order.
pub(crate) fn picture(order: &Order) -> Result<Response<Bytes>> {
    let code = QrCode::new(&order.code_url).context("the address does not fit a QR code")?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(240, 240)
        .build();
    Ok(Response::builder()
        .header(CONTENT_TYPE, "image/svg+xml")
        .header(CACHE_CONTROL, "no-store")
        .body(picture.into())?)
}

/// Puts values where the template says `{{name}}`, each escaped. Goes through once, so a value is never read as part of
/// the template.
fn fill(template: &str, values: &[(&str, &str)]) -> Result<String> {
    let mut filled = String::with_capacity(template.len() + 512);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").context("{{ without }}")?;
        let value = values.iter().find(|(known, _)| *known == name);
        let (_, value) = value.with_context(|| format!("nothing for {{{{{name}}}}}"))?;
        filled.push_str(before);
        escape(value, &mut filled);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// For text and for attributes in quotes.
fn escape(text: &str, html: &mut String) {
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            char => html.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_never_read_as_template() {
        let values = [("a", "<b>&\"'{{b}}"), ("b", "2")];
        let filled = fill("<p title=\"{{a}}\">{{b}}</p>", &values).unwrap();
        assert_eq!(filled, "<p title=\"&lt;b&gt;&amp;&quot;&#39;{{b}}\">2</p>");
        assert!(fill("{{c}}", &values).is_err());
        assert!(fill("{{a", &values).is_err());
    }
}
