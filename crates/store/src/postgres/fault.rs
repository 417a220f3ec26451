//! What went wrong in PostgreSQL, as the caller's next step.

use std::error::Error as _;

use tokio_postgres::error::{Error, SqlState};

use crate::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let Some(cause) = error.as_db_error() else {
            return without_answer(&error);
        };
        let code = cause.code();
        // The message alone: details quote values, and a hint helps nobody here.
        let said = cause.message().to_owned();
        match code.code().get(..2).unwrap_or_default() {
            _ if *code == SqlState::DISK_FULL => Self::Full,
            // Connection trouble, lost races, too little of something, a timeout, a
            // server that stops or starts.
            "08" | "40" | "53" | "55" | "57" => Self::Busy(said),
            _ if *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
                || *code == SqlState::READ_ONLY_SQL_TRANSACTION =>
            {
                Self::Busy(said)
            }
            _ if *code == SqlState::INSUFFICIENT_PRIVILEGE => Self::Denied(said),
            // A role that is unknown or did not prove who it is.
            "28" => Self::Denied(said),
            "23" => Self::Invalid(format!("it contradicts what is stored: {said}")),
            "22" | "54" => Self::Invalid(format!("the value cannot be stored: {said}")),
            _ => Self::Broken(said),
        }
    }
}

/// The server said nothing: it could not be reached, it could not prove who it is,
/// the connection broke, or what it gave was not what we asked for.
fn without_answer(error: &Error) -> StoreError {
    let cause = error.source().map(ToString::to_string);
    let wire = error
        .source()
        .and_then(|cause| cause.downcast_ref::<std::io::Error>());
    let is_unproven = wire
        .and_then(std::io::Error::get_ref)
        .is_some_and(|inner| inner.is::<rustls::Error>());
    let is_input =
        wire.is_none() && !error.is_closed() && !error.to_string().starts_with("error connecting");
    let said = match cause {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    // `tokio_postgres` repeats the cause in some of its messages.
    let said = said.split(": ").fold(String::new(), |mut said, part| {
        if !said.ends_with(part) {
            if !said.is_empty() {
                said.push_str(": ");
            }
            said.push_str(part);
        }
        said
    });
    if is_input || is_unproven {
        StoreError::Broken(said)
    } else {
        StoreError::Busy(said)
    }
}

/// Whether the transaction is undone and may simply be run again: it lost a race
/// against another, or its connection broke before it was committed.
pub(super) fn may_be_run_again(error: &Error) -> bool {
    match error.code() {
        Some(code) => {
            *code == SqlState::T_R_SERIALIZATION_FAILURE
                || *code == SqlState::T_R_DEADLOCK_DETECTED
                || *code == SqlState::ADMIN_SHUTDOWN
                || *code == SqlState::CRASH_SHUTDOWN
        }
        None => error.is_closed(),
    }
}
