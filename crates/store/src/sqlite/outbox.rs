//! Deliveries, their claims and their fates.

use async_trait::async_trait;
use model::{Attempt, ChannelId, Delivery, DeliveryId, DeliveryState, Milestone, Timestamp};
use rusqlite::OptionalExtension;

use super::writer::News;
use super::{Sqlite, claims, deliveries, rows};
use crate::{Claimed, NewDelivery, Outbox, Settlement, StoreError};

#[async_trait]
impl Outbox for Sqlite {
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
        let (holder, channels) = (holder.to_owned(), channels.to_vec());
        self.writer
            .run(
                News::No,
                |claimed: &Vec<Claimed>| {
                    (!claimed.is_empty()).then_some(Milestone::CLAIM_COMMITTED)
                },
                move |connection| claims::claim(connection, &holder, &channels, now, until, limit),
            )
            .await
    }

    async fn settle(
        &self,
        delivery: DeliveryId,
        at: Timestamp,
        settlement: Settlement,
    ) -> Result<(), StoreError> {
        self.writer
            .run(
                News::Yes,
                |()| Some(Milestone::SETTLEMENT_COMMITTED),
                move |connection| claims::settle(connection, delivery, at, &settlement),
            )
            .await
    }

    async fn next_due(&self, channels: &[ChannelId]) -> Result<Option<Timestamp>, StoreError> {
        let channels = channels.to_vec();
        self.readers
            .read(move |connection| claims::next_due(connection, &channels))
            .await
    }

    async fn enqueue(&self, at: Timestamp, delivery: NewDelivery) -> Result<(), StoreError> {
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| deliveries::write(connection, at, &delivery),
            )
            .await
    }

    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.readers
            .read(move |connection| deliveries::list(connection, state, limit))
            .await
    }

    async fn attempts(&self, delivery: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        self.readers
            .read(move |connection| deliveries::attempts(connection, delivery))
            .await
    }

    async fn replay(&self, delivery: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| deliveries::replay(connection, delivery, now),
            )
            .await
    }

    async fn paused(&self) -> Result<Vec<(ChannelId, Timestamp, String)>, StoreError> {
        self.readers
            .read(|connection| {
                let mut lookup = connection.prepare_cached(
                    "SELECT channel, since, reason FROM paused_channels ORDER BY since, channel",
                )?;
                let mut found = lookup.query([])?;
                let mut paused = Vec::new();
                while let Some(row) = found.next()? {
                    paused.push((
                        rows::name(&row.get::<_, String>(0)?)?,
                        rows::time(row.get(1)?)?,
                        row.get(2)?,
                    ));
                }
                Ok(paused)
            })
            .await
    }

    async fn resume(&self, channel: &ChannelId) -> Result<bool, StoreError> {
        let channel = channel.clone();
        self.writer
            .run(
                News::Yes,
                |_| None,
                move |connection| {
                    let ended = connection
                        .prepare_cached("DELETE FROM paused_channels WHERE channel = ?1")?
                        .execute([channel.as_str()])?;
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
        let (channel, key) = (channel.clone(), key.to_owned());
        self.readers
            .read(move |connection| {
                Ok(connection
                    .prepare_cached(
                        "SELECT value FROM channel_memos WHERE channel = ?1 AND key = ?2",
                    )?
                    .query_row((channel.as_str(), key), |row| row.get(0))
                    .optional()?)
            })
            .await
    }

    async fn keep_channel_memo(
        &self,
        channel: &ChannelId,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let (channel, key, value) = (channel.clone(), key.to_owned(), value.to_owned());
        self.writer
            .run(
                News::No,
                |_| None,
                move |connection| claims::keep_memo(connection, channel.as_str(), &key, &value),
            )
            .await
    }
}
