use std::error::Error;
use std::fmt;

/// A key, certificate or secret of a sandbox could not be made or does not hold.
#[derive(Debug)]
pub struct IdentityError {
    what: What,
    source: Option<Box<dyn Error + Send + Sync>>,
}

#[derive(Debug)]
enum What {
    Issuing,
    Part(&'static str),
    Invalid(&'static str),
    Mismatch(&'static str),
}

impl IdentityError {
    pub(super) fn issuing(source: rcgen::Error) -> Self {
        Self {
            what: What::Issuing,
            source: Some(Box::new(source)),
        }
    }

    pub(super) fn part(part: &'static str, source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            what: What::Part(part),
            source: Some(Box::new(source)),
        }
    }

    pub(super) fn invalid(part: &'static str) -> Self {
        Self {
            what: What::Invalid(part),
            source: None,
        }
    }

    pub(super) fn mismatch(key: &'static str) -> Self {
        Self {
            what: What::Mismatch(key),
            source: None,
        }
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Issuing => f.write_str("a key or certificate could not be made"),
            What::Part(part) | What::Invalid(part) => write!(f, "unusable {part}"),
            What::Mismatch(key) => write!(f, "the {key} does not belong to its public half"),
        }
    }
}

impl Error for IdentityError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}
