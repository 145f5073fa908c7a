//! The hosts of a client, and which of them to begin with.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use wxpay_proto::Endpoint;

/// How long calls begin with another host after it has answered in place of the first. Without this
/// every call of an outage would wait for the first host anew.
const DETOUR: Duration = Duration::from_secs(30);

/// The endpoint, then the hosts to turn to.
#[derive(Debug)]
pub(crate) struct Hosts {
    list: Vec<Endpoint>,
    detour: Mutex<Option<(usize, Instant)>>,
}

impl Hosts {
    pub(crate) fn new(endpoint: Endpoint, fallbacks: Vec<Endpoint>) -> Self {
        let mut list = fallbacks;
        list.insert(0, endpoint);
        Self {
            list,
            detour: Mutex::new(None),
        }
    }

    /// The host the client was given first.
    pub(crate) fn main(&self) -> &Endpoint {
        self.at(0)
    }

    pub(crate) fn all(&self) -> &[Endpoint] {
        &self.list
    }

    pub(crate) fn at(&self, index: usize) -> &Endpoint {
        // There is always the first.
        &self.list[index % self.list.len()]
    }

    /// The host a new call begins with.
    pub(crate) fn first(&self) -> usize {
        if self.list.len() == 1 {
            return 0;
        }
        let detour = self.detour.lock().unwrap_or_else(PoisonError::into_inner);
        match *detour {
            Some((index, until)) if Instant::now() < until => index,
            _ => 0,
        }
    }

    /// A call began with one host and was answered by another.
    pub(crate) fn answered(&self, began: usize, by: usize) {
        let (began, by) = (began % self.list.len(), by % self.list.len());
        if began != by {
            let mut detour = self.detour.lock().unwrap_or_else(PoisonError::into_inner);
            *detour = (by != 0).then(|| (by, Instant::now() + DETOUR));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_detour_is_remembered_and_ends() {
        let hosts = Hosts::new(Endpoint::main(), vec![Endpoint::backup()]);
        assert_eq!(hosts.first(), 0);
        hosts.answered(0, 0);
        assert_eq!(hosts.first(), 0);
        hosts.answered(0, 1);
        assert_eq!(hosts.first(), 1);
        hosts.answered(1, 1);
        tokio::time::advance(DETOUR).await;
        assert_eq!(hosts.first(), 0, "the first host gets another chance");
        hosts.answered(0, 1);
        hosts.answered(1, 2);
        assert_eq!(
            hosts.first(),
            0,
            "the detour failed, the first host answered"
        );
    }
}
