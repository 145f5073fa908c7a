//! Operations with a state behind them, by method and path: what the catalogue calls them may change,
//! where they are found does not.

use super::{Book, Context, bill, complaint, coupon, payscore, sharing, transfer};
use crate::core::call::{Failure, Reply};

/// Carries one operation out.
pub(super) type CarryOut = fn(&mut Book, &mut Context<'_>) -> Result<Reply, Failure>;

/// The operations of one part of the book: method, path with `{}` in the place of every parameter,
/// and what carries it out.
pub(super) type Model = &'static [(&'static str, &'static str, CarryOut)];

/// All of them. What is in none of them, and is not called by name either, is answered with
/// something made up.
const MODELS: &[Model] = &[
    bill::MODEL,
    complaint::MODEL,
    coupon::MODEL,
    payscore::MODEL,
    sharing::MODEL,
    transfer::MODEL,
];

/// What carries out the operation with this method and this path of the catalogue.
pub(super) fn find(method: &str, path: &str) -> Option<CarryOut> {
    let entries = MODELS.iter().flat_map(|model| model.iter());
    let mut found = entries.filter(|entry| entry.0 == method && is_same(entry.1, path));
    found.next().map(|entry| entry.2)
}

/// Whether two paths differ in nothing but what they call their parameters.
fn is_same(model: &str, path: &str) -> bool {
    let is_parameter = |segment: &str| segment.starts_with('{') && segment.ends_with('}');
    let mut segments = path.split('/');
    let same = model.split('/').all(|wanted| {
        segments
            .next()
            .is_some_and(|given| wanted == given || (wanted == "{}" && is_parameter(given)))
    });
    same && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_same_whatever_their_parameters_are_called() {
        assert!(is_same("/v3/a/{}/b", "/v3/a/{id}/b"));
        assert!(!is_same("/v3/a/{}", "/v3/a/{id}/b"));
        assert!(!is_same("/v3/a/{}/b", "/v3/a/{id}"));
        assert!(!is_same("/v3/a/{}", "/v3/a/list"));
        assert!(!is_same("/v3/a/list", "/v3/a/{id}"));
    }

    #[test]
    fn a_path_of_a_model_names_no_parameter_and_stands_once() {
        let mut seen = std::collections::BTreeSet::new();
        for (method, path, _) in MODELS.iter().flat_map(|model| model.iter()) {
            let named = path
                .split('/')
                .any(|segment| segment.starts_with('{') && segment != "{}");
            assert!(!named, "{path}");
            assert!(seen.insert((method, path)), "{method} {path}");
        }
    }

    #[test]
    fn every_path_of_a_model_is_in_the_catalogue() {
        for (method, path, _) in MODELS.iter().flat_map(|model| model.iter()) {
            let mut operations = crate::core::catalogue::Catalogue::built_in().operations();
            let known = operations.any(|it| it.method == *method && is_same(path, &it.path));
            assert!(known, "{method} {path}");
        }
    }
}
