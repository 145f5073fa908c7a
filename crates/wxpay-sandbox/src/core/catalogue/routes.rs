//! Finds operations by path, segment by segment. What is written in a path comes before what may
//! stand in its place.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// The paths of a catalogue as a tree.
#[derive(Debug, Default)]
pub(super) struct Routes {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literals: BTreeMap<&'static str, Self>,
    /// What follows a segment that may be anything but empty.
    parameter: Option<Box<Self>>,
    /// The operations whose path ends here, by method.
    operations: Vec<(&'static str, usize)>,
}

/// Operations that share a path, and the request's path.
#[derive(Debug)]
pub(super) struct Found<'r> {
    node: &'r Node,
    path: &'r str,
}

impl Routes {
    /// Takes an operation up, by its number. Of two that differ in nothing but what a parameter is
    /// called the first stays: a request says as little which one is meant.
    pub(super) fn insert(&mut self, method: &'static str, path: &'static str, operation: usize) {
        let mut node = &mut self.root;
        for segment in path.split('/') {
            node = if segment.starts_with('{') && segment.ends_with('}') {
                node.parameter.get_or_insert_default()
            } else {
                node.literals.entry(segment).or_default()
            };
        }
        if node.operation(method).is_none() {
            node.operations.push((method, operation));
        }
    }

    /// The ends of all paths that fit, the more exact ones first.
    pub(super) fn find<'r>(&'r self, path: &'r str) -> impl Iterator<Item = Found<'r>> {
        let mut ends = Vec::new();
        let segments: Vec<&str> = path.split('/').collect();
        self.root.collect(&segments, &mut ends);
        ends.into_iter().map(move |node| Found { node, path })
    }
}

impl Node {
    fn collect<'r>(&'r self, segments: &[&str], ends: &mut Vec<&'r Self>) {
        let Some((segment, rest)) = segments.split_first() else {
            if !self.operations.is_empty() {
                ends.push(self);
            }
            return;
        };
        if let Some(next) = self.literals.get(*segment) {
            next.collect(rest, ends);
        }
        if let Some(next) = self.parameter.as_deref().filter(|_| !segment.is_empty()) {
            next.collect(rest, ends);
        }
    }

    fn operation(&self, method: &str) -> Option<usize> {
        let mut operations = self.operations.iter();
        let found = operations.find(|(known, _)| *known == method);
        found.map(|(_, operation)| *operation)
    }
}

impl<'r> Found<'r> {
    /// The operation called with this method.
    pub(super) fn operation(&self, method: &str) -> Option<usize> {
        self.node.operation(method)
    }

    /// The methods by which this path is called.
    pub(super) fn methods(&self) -> impl Iterator<Item = &'static str> + use<'r> {
        self.node.operations.iter().map(|(method, _)| *method)
    }

    /// What stands in the place of the parameters of a template, percent-decoded; none where that
    /// is no text.
    pub(super) fn parameters(&self, template: &str) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        for (wanted, given) in template.split('/').zip(self.path.split('/')) {
            if let Some(name) = wanted.strip_prefix('{') {
                let name = name.strip_suffix('}').unwrap_or(name);
                let value = percent_decode_str(given).decode_utf8().ok()?;
                parameters.insert(name.to_owned(), value.into_owned());
            }
        }
        Some(parameters)
    }
}
