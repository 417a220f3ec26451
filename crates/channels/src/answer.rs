//! What failures at the door mean for a delivery, alike for every HTTP service.

use model::Secret;
use net::NetError;

use crate::DeliveryError;
use crate::text::short;

/// What a service says that we repeat to people.
const REASON: usize = 300;

/// The service we speak to and the secrets that no sentence may repeat.
pub(crate) struct Service<'a> {
    pub(crate) name: &'static str,
    pub(crate) secrets: &'a [&'a Secret<String>],
}

impl Service<'_> {
    /// A failure that the service's own words have nothing to add to.
    pub(crate) fn failure(&self, error: &NetError) -> DeliveryError {
        let reason = error.to_string();
        match error {
            NetError::Wait { after, .. } => DeliveryError::Later {
                service: self.name,
                after: *after,
                reason: "it asked us to wait".to_owned(),
            },
            NetError::Passing { reason, .. } => self.passing(reason),
            // The operator's `net.allow` or address is wrong, not the message.
            NetError::Refused { .. } | NetError::Forbidden { .. } | NetError::Gone { .. } => {
                self.paused(&reason)
            }
            NetError::Rejected { .. } => self.refused(&reason),
        }
    }

    pub(crate) fn passing(&self, reason: &str) -> DeliveryError {
        DeliveryError::Passing {
            service: self.name,
            reason: self.clean(reason),
        }
    }

    pub(crate) fn paused(&self, reason: &str) -> DeliveryError {
        DeliveryError::Paused {
            service: self.name,
            reason: self.clean(reason),
        }
    }

    pub(crate) fn refused(&self, reason: &str) -> DeliveryError {
        DeliveryError::Refused {
            service: self.name,
            reason: self.clean(reason),
        }
    }

    fn clean(&self, reason: &str) -> String {
        let mut reason = reason.to_owned();
        for secret in self.secrets {
            reason = reason.replace(secret.reveal(), "***");
        }
        short(&reason, REASON)
    }
}
