//! What only v2 has: its keys, and what can stand in XML.

use anyhow::{Result, bail, ensure};

use crate::codegen::form;
use crate::codegen::model::{
    Family, Field, Format, Generation, Host, Kind, Method, Place, Reply, Shape, Sign, Xml,
};

/// What the protocol writes and reads by itself.
const ENVELOPE: [&str; 11] = [
    "err_code",
    "err_code_des",
    "error_code",
    "error_code_des",
    "error_message",
    "nonce_str",
    "result_code",
    "return_code",
    "return_msg",
    "sign",
    "sign_type",
];

/// The keys of an operation that only one generation has.
pub(super) fn operation(
    generation: Generation,
    method: Method,
    form: &form::Operation,
) -> Result<Xml> {
    let form::Operation {
        certificate,
        sign,
        sign_type,
        nonce,
        merchant,
        host,
        page_url,
        workwx_sign,
        ..
    } = form;
    if generation == Generation::V3 {
        let said = [
            ("certificate", certificate.is_some()),
            ("sign", sign.is_some()),
            ("sign_type", sign_type.is_some()),
            ("nonce", nonce.is_some()),
            ("merchant", merchant.is_some()),
            ("page_url", page_url.is_some()),
            ("workwx_sign", !workwx_sign.is_empty()),
        ];
        return match said.iter().find(|(_, said)| *said) {
            Some((key, _)) => bail!("`{key}` is for v2"),
            None => Ok(Xml::default()),
        };
    }
    for (key, said) in [
        ("params", !form.params.is_empty()),
        ("query", !form.query.is_empty()),
        ("headers", !form.headers.is_empty()),
        ("upload", form.upload.is_some()),
        ("meta", form.meta.is_some()),
        ("form", !form.form.is_empty()),
    ] {
        ensure!(!said, "`{key}` is for v3: fields stand in `body`");
    }
    ensure!(form.status.is_none(), "`status` is for v3");
    let page_url = only("page_url", *page_url, true)?;
    ensure!(
        matches!(method, Method::Get | Method::Post),
        "v2 has GET and POST only"
    );
    ensure!(
        (method == Method::Get) == page_url || form.by_hand,
        "a GET is an address for browsers (`page_url = true`) or written by hand, and such an \
         address is a GET"
    );
    let sign = match sign.as_deref() {
        None => None,
        Some(written) => match Sign::ALL.into_iter().find(|sign| sign.as_str() == written) {
            Some(sign) => Some(sign),
            None => bail!("sign `{written}` is none of md5, hmac-sha256"),
        },
    };
    let host = match host.as_deref() {
        None => Host::Api,
        Some("api") => bail!("`host` says what it would be anyway"),
        Some(written) => match Host::ALL.into_iter().find(|host| host.as_str() == written) {
            Some(host) => host,
            None => bail!("host `{written}` is none of fraud, payapp, payapp_mch"),
        },
    };
    ensure!(
        merchant.as_deref() != Some(Xml::MERCHANT),
        "`merchant` says what it would be anyway"
    );
    Ok(Xml {
        certificate: only("certificate", *certificate, true)?,
        sign,
        sign_type: !only("sign_type", *sign_type, false)?,
        nonce: !only("nonce", *nonce, false)?,
        merchant: merchant.clone().unwrap_or_else(|| Xml::MERCHANT.to_owned()),
        host,
        page_url,
        workwx_sign: workwx_sign.clone(),
    })
}

/// Whether `key` says `value`, which is the only thing it says.
fn only(key: &str, said: Option<bool>, value: bool) -> Result<bool> {
    ensure!(
        said != Some(!value),
        "`{key} = {}` is what it would be anyway",
        !value
    );
    Ok(said.is_some())
}

/// Refuses what XML cannot hold, once it is known where each shape occurs.
pub(super) fn family(family: &Family) -> Result<()> {
    for operation in &family.operations {
        let place = format!("operation {}", operation.name);
        for field in operation.fields() {
            let place = format!("{place}: field {}", field.name);
            let written = ["nonce_str", "sign", "sign_type"].contains(&field.name.as_str())
                || field.name == operation.xml.merchant;
            ensure!(!written, "{place}: the protocol writes it");
            let one = matches!(field.place, Place::Plain | Place::Json);
            ensure!(
                one,
                "{place}: requests hold no numbered families and no nested elements"
            );
            flat(&place, field)?;
        }
        let mut names = operation.xml.workwx_sign.iter();
        let unknown = names.find(|name| {
            let own = [Xml::MERCHANT, "nonce_str"].contains(&name.as_str());
            !own && operation.fields().all(|field| field.name != **name)
        });
        if let Some(name) = unknown {
            bail!("{place}: workwx_sign: there is no field {name}");
        }
        ensure!(
            operation.xml.workwx_sign.is_sorted(),
            "{place}: workwx_sign: the names stand in the order of the alphabet"
        );
        if let Some(shape) = operation
            .response
            .as_deref()
            .and_then(|name| family.shape(name))
        {
            for field in &shape.fields {
                let read = ENVELOPE.contains(&field.name.as_str());
                ensure!(
                    !read,
                    "{place}: response: field {}: the protocol reads it",
                    field.name
                );
                ensure!(
                    operation.reply == Reply::Unsigned || !is_nested(field),
                    "{place}: response: field {}: a signature covers no nested elements",
                    field.name
                );
            }
        }
    }
    for shape in &family.shapes {
        for field in &shape.fields {
            let place = format!("shape {}: field {}", shape.name, field.name);
            if shape.json {
                json(&place, field)?;
            } else {
                flat(&place, field)?;
                answer(&place, family, shape, field)?;
            }
        }
    }
    Ok(())
}

/// Whether the field is made of elements that hold elements.
const fn is_nested(field: &Field) -> bool {
    matches!(field.place, Place::Records(_) | Place::Repeated)
}

/// A field that is an element of the XML, or several.
fn flat(place: &str, field: &Field) -> Result<()> {
    let nested = field.list || matches!(field.kind, Kind::Shape(_));
    ensure!(
        !nested || field.place != Place::Plain,
        "{place}: a list or a shape within XML is `json`, `indexed`, a `list` or `repeated`"
    );
    ensure!(
        field.kind != Kind::DateTime || field.place == Place::Json || field.format.is_some(),
        "{place}: a time within XML has a `format`"
    );
    Ok(())
}

/// A field of JSON text.
fn json(place: &str, field: &Field) -> Result<()> {
    ensure!(
        field.place == Place::Plain && !field.url_encoded,
        "{place}: within JSON there is no `json`, `indexed`, `list`, `repeated` or `url_encoded`"
    );
    ensure!(
        !matches!(field.format, Some(Format::Compact | Format::Spaced)),
        "{place}: times within JSON are RFC 3339, or say string"
    );
    ensure!(
        !field.is_encrypted(),
        "{place}: nothing within JSON is encrypted"
    );
    Ok(())
}

/// A field of an answer.
fn answer(place: &str, family: &Family, shape: &Shape, field: &Field) -> Result<()> {
    ensure!(!shape.in_request, "{place}: requests hold JSON shapes only");
    ensure!(
        !field.is_encrypted() && !field.url_encoded,
        "{place}: answers are neither encrypted nor percent-encoded, say \"redacted\""
    );
    ensure!(
        shape.notification.is_empty() || !is_nested(field),
        "{place}: a signature covers no nested elements"
    );
    if let (Place::Indexed | Place::Records(_) | Place::Repeated, Kind::Shape(name)) =
        (&field.place, &field.kind)
    {
        let deeper = family.shape(name);
        let deeper = deeper.is_some_and(|shape| shape.fields.iter().any(is_nested));
        ensure!(!deeper, "{place}: {name} has nested elements of its own");
    }
    // A number that is missing cannot be told from a family that ends.
    if let (Place::Indexed, Kind::Shape(name)) = (&field.place, &field.kind) {
        let plain = family.shape(name).is_some_and(|shape| {
            let mut fields = shape.fields.iter();
            fields.any(|field| matches!(field.place, Place::Plain | Place::Json))
        });
        ensure!(plain, "{place}: {name} has no element of its own");
    }
    Ok(())
}
