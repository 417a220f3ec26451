//! Deliveries, their claims and their fates.

use async_trait::async_trait;
use model::{Attempt, ChannelId, Delivery, DeliveryId, DeliveryState, Milestone, Timestamp};

use super::work::Lock;
use super::writer::News;
use super::{Postgres, claims, deliveries, rows};
use crate::{Claimed, NewDelivery, Outbox, Settlement, StoreError};

#[async_trait]
impl Outbox for Postgres {
    async fn claim(
        &self,
        holder: &str,
        channels: &[ChannelId],
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        if channels.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        self.write(
            News::No,
            |claimed: &Vec<Claimed>| (!claimed.is_empty()).then_some(Milestone::CLAIM_COMMITTED),
            |work| async move {
                work.lock(Lock::Outbox).await?;
                claims::claim(&work, holder, channels, now, until, limit).await
            },
        )
        .await
    }

    async fn settle(
        &self,
        delivery: DeliveryId,
        at: Timestamp,
        settlement: Settlement,
    ) -> Result<(), StoreError> {
        let settlement = &settlement;
        self.write(
            News::Yes,
            |()| Some(Milestone::SETTLEMENT_COMMITTED),
            |work| async move {
                work.lock(Lock::Outbox).await?;
                claims::settle(&work, delivery, at, settlement).await
            },
        )
        .await
    }

    async fn next_due(&self, channels: &[ChannelId]) -> Result<Option<Timestamp>, StoreError> {
        self.read(|work| async move { claims::next_due(&work, channels).await })
            .await
    }

    async fn enqueue(&self, at: Timestamp, delivery: NewDelivery) -> Result<(), StoreError> {
        let delivery = &delivery;
        self.write(
            News::Yes,
            |()| None,
            |work| async move {
                work.lock(Lock::Outbox).await?;
                deliveries::write(&work, at, delivery).await
            },
        )
        .await
    }

    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.read(|work| async move { deliveries::list(&work, state, limit).await })
            .await
    }

    async fn attempts(&self, delivery: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        self.read(|work| async move { deliveries::attempts(&work, delivery).await })
            .await
    }

    async fn replay(&self, delivery: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.write(
            News::Yes,
            |_| None,
            |work| async move {
                work.lock(Lock::Outbox).await?;
                deliveries::replay(&work, delivery, now).await
            },
        )
        .await
    }

    async fn paused(&self) -> Result<Vec<(ChannelId, Timestamp, String)>, StoreError> {
        self.read(|work| async move {
            work.rows(
                "SELECT channel, since, reason FROM paused_channels ORDER BY since, channel",
                &[],
            )
            .await?
            .iter()
            .map(|row| {
                Ok((
                    rows::name_of(row, 0)?,
                    rows::time_of(row, 1)?,
                    row.try_get(2)?,
                ))
            })
            .collect()
        })
        .await
    }

    async fn resume(&self, channel: &ChannelId) -> Result<bool, StoreError> {
        self.write(
            News::Yes,
            |_| None,
            |work| async move {
                work.lock(Lock::Outbox).await?;
                let ended = work
                    .run(
                        "DELETE FROM paused_channels WHERE channel = $1",
                        &[&channel.as_str()],
                    )
                    .await?;
                Ok(ended > 0)
            },
        )
        .await
    }

    async fn channel_memo(
        &self,
        channel: &ChannelId,
        key: &str,
    ) -> Result<Option<String>, StoreError> {
        self.read(|work| async move {
            work.row(
                "SELECT value FROM channel_memos WHERE channel = $1 AND key = $2",
                &[&channel.as_str(), &key],
            )
            .await?
            .map(|row| Ok(row.try_get(0)?))
            .transpose()
        })
        .await
    }

    async fn keep_channel_memo(
        &self,
        channel: &ChannelId,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        self.write(
            News::No,
            |()| None,
            |work| async move { claims::keep_memo(&work, channel.as_str(), key, value).await },
        )
        .await
    }
}
