//! What went wrong in SQLite, as the caller's next step.

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use crate::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(cause) = error.sqlite_error() else {
            return Self::Broken(error.to_string());
        };
        match cause.code {
            // A full disk shows first where the shared memory of the log grows.
            _ if cause.extended_code == SQLITE_IOERR_SHMSIZE => Self::Full,
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OutOfMemory => {
                Self::Busy(error.to_string())
            }
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly => {
                Self::Denied(error.to_string())
            }
            ErrorCode::ConstraintViolation => {
                Self::Invalid(format!("it contradicts what is stored: {error}"))
            }
            ErrorCode::TooBig => Self::Invalid("the value is too big to be stored".to_owned()),
            _ => Self::Broken(error.to_string()),
        }
    }
}
