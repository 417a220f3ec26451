//! `prahari init-db`.

use serde_json::json;

use super::{Outcome, open, print};
use crate::config::Settings;
use crate::pipeline::World;

pub(super) async fn init_db(
    settings: Settings,
    world: World,
    as_json: bool,
) -> anyhow::Result<Outcome> {
    let database = settings.database.clone();
    let pipeline = open(settings, world).await?;
    pipeline.store.probe().await?;
    if as_json {
        print::json(&json!({ "database": database.to_string() }))?;
    } else {
        print::line(&format!("{database} is ready"));
    }
    Ok(Outcome::Done)
}
