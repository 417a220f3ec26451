//! `prahari openapi`: the document of which `docs/openapi.json` is a copy.

use super::{Outcome, print};

pub(super) fn openapi() -> anyhow::Result<Outcome> {
    print::line(&crate::api::openapi().to_pretty_json()?);
    Ok(Outcome::Done)
}
