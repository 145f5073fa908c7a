use super::text::length;
use super::{Check, InvalidField, InvalidKind, Unit};

pub(super) fn url(field: &'static str, value: &str, max: usize) -> Check {
    length(field, value.chars().count(), 1, max, Unit::Characters)?;
    match problem(value) {
        None => Ok(()),
        Some(problem) => Err(InvalidField::new(field, InvalidKind::Url(problem))),
    }
}

fn problem(value: &str) -> Option<&'static str> {
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("an address of printable ASCII without spaces is needed");
    }
    let scheme = ["https://", "http://"].into_iter().find(|scheme| {
        value
            .get(..scheme.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(scheme))
    });
    let Some(scheme) = scheme else {
        return Some("an absolute address starting with https:// (or http://) is needed");
    };
    if value.contains('?') {
        return Some("an address with a query (?...) is not allowed");
    }
    if value.contains('#') {
        return Some("an address with a fragment (#...) is not allowed");
    }
    let rest = &value[scheme.len()..];
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return Some("an address with a user before the host is not allowed");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if host.is_empty() || host == "[]" {
        return Some("an address with a host is needed");
    }
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Some("the port of the address is not a number from 0 to 65535");
    }
    None
}
