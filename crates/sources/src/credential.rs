//! Secrets from the config, given as they are or as the path of a file.
//!
//! Files are read anew at each poll, so that a renewed token needs no restart;
//! editors and `echo` leave a newline at the end that no service accepts.

use std::path::Path;

use model::Secret;
use tokio::io::AsyncReadExt;

use crate::SourceError;

/// A token has under 200 bytes. A longer file is another one than was meant.
const LARGEST_FILE: u64 = 16 * 1024;

/// The secret called `key`: as given, or out of the file that `{key}_file` names;
/// `None` when neither is there.
///
/// # Errors
/// Both are given, the value is empty, or the file cannot be read; the sentence
/// names key and file.
pub(crate) async fn read(
    key: &str,
    given: Option<&Secret<String>>,
    file: Option<&Path>,
) -> Result<Option<Secret<String>>, SourceError> {
    let unready = |why: String| Err(SourceError::Unready(why));
    match (given, file) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => unready(format!("`{key}` and `{key}_file` are both given; keep one")),
        (Some(given), None) => match given.reveal().trim() {
            "" => unready(format!("`{key}` is empty")),
            value => Ok(Some(Secret::new(value.to_owned()))),
        },
        (None, Some(path)) => {
            let shown = path.display();
            let text = match beginning(path).await {
                Ok(text) => text,
                Err(error) => {
                    return unready(format!("`{key}_file`: cannot read {shown}: {error}"));
                }
            };
            if text.len() as u64 > LARGEST_FILE {
                return unready(format!(
                    "`{key}_file`: {shown} is too large to hold a secret"
                ));
            }
            match text.trim() {
                "" => unready(format!("`{key}_file`: {shown} is empty")),
                value => Ok(Some(Secret::new(value.to_owned()))),
            }
        }
    }
}

/// As [`read`], for a secret without which the source cannot be read.
///
/// # Errors
/// It is missing, too.
pub(crate) async fn required(
    key: &str,
    given: Option<&Secret<String>>,
    file: Option<&Path>,
) -> Result<Secret<String>, SourceError> {
    read(key, given, file)
        .await?
        .ok_or_else(|| SourceError::Unready(format!("`{key}` or `{key}_file` is missing")))
}

async fn beginning(path: &Path) -> std::io::Result<String> {
    let file = tokio::fs::File::open(path).await?;
    let mut text = String::new();
    file.take(LARGEST_FILE + 1)
        .read_to_string(&mut text)
        .await?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_gives_its_content_without_the_newline() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "abc\r\n").unwrap();
        let secret = required("token", None, Some(&path)).await.unwrap();
        assert_eq!(secret.reveal(), "abc");
        assert!(read("token", None, None).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn errors_name_the_key_and_the_file_and_never_the_value() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        std::fs::write(&empty, "\n").unwrap();
        let large = folder.path().join("large");
        std::fs::write(&large, "s".repeat(20_000)).unwrap();
        let given = Secret::new("hunter2".to_owned());
        for (given, file, says) in [
            (
                Some(&given),
                Some(empty.as_path()),
                "`token` and `token_file` are both given",
            ),
            (None, Some(empty.as_path()), "empty is empty"),
            (None, Some(large.as_path()), "too large"),
            (
                None,
                Some(Path::new("/no/such/file")),
                "`token_file`: cannot read /no/such/file",
            ),
            (Some(&Secret::new(" ".to_owned())), None, "`token` is empty"),
            (None, None, "`token` or `token_file` is missing"),
        ] {
            let error = required("token", given, file)
                .await
                .unwrap_err()
                .to_string();
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
