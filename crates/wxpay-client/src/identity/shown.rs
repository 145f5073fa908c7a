//! Who is shown the client certificate: those operations that need it and no others.

use wxpay_proto::Timestamp;

use super::Identity;
use crate::error::{Delivery, Error, ErrorKind};
use crate::hosts::Hosts;
use crate::{BuildError, Transport};

/// A client certificate and the connections it is shown on, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Shown(Option<(Identity, Transport)>);

impl Shown {
    /// The certificate has to hold now.
    pub(crate) fn new(
        identity: Option<Identity>,
        transport: &Transport,
        now: Timestamp,
    ) -> Result<Self, BuildError> {
        let Some(identity) = identity else {
            return Ok(Self(None));
        };
        identity.check(now)?;
        let showing = transport.showing(&identity)?;
        Ok(Self(Some((identity, showing))))
    }

    /// The transport for an operation that needs a certificate. `plain` is that of all others.
    pub(crate) fn transport<'t>(
        &'t self,
        plain: &'t Transport,
        hosts: &Hosts,
        now: Timestamp,
    ) -> Result<&'t Transport, Error> {
        if let Some((identity, showing)) = &self.0 {
            return match identity.check(now) {
                Ok(()) => Ok(showing),
                Err(error) => Err(refused(
                    "the operation needs a client certificate that holds now",
                )
                .caused_by(error)),
            };
        }
        // Without TLS there is nobody to show one to: the plain port of the sandbox, or a gateway of
        // one's own that has the certificate.
        let tls = hosts.all().iter().any(|host| host.scheme() == "https");
        if plain.shows_certificate() || !tls {
            return Ok(plain);
        }
        Err(refused(
            "the operation needs a client certificate and the client has none; give its builder an \
             Identity (apiclient_cert.p12, or apiclient_cert.pem with apiclient_key.pem)",
        ))
    }
}

fn refused(problem: &'static str) -> Error {
    Error::new(ErrorKind::ClientCertificate, Delivery::NotSent, problem)
}
