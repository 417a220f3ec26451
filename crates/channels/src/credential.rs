//! Secrets from the config, given as they are or as the path of a file.
//!
//! Files are how systemd, Docker and Kubernetes hand secrets over; editors and
//! `echo` leave a newline at the end that no service accepts.

use std::fs;
use std::io::Read;
use std::path::Path;

use model::Secret;

/// A token has under 200 bytes, a webhook address under 300. A longer file is
/// another file than the operator meant.
const LARGEST_FILE: u64 = 16 * 1024;

/// The secret called `key`: as given, or out of the file that `{key}_file` names;
/// `None` when neither is there.
///
/// # Errors
/// Both are given, the value is empty, or the file cannot be read; the sentence
/// names key and file.
pub(crate) fn read(
    key: &str,
    given: Option<&Secret<String>>,
    file: Option<&Path>,
) -> Result<Option<Secret<String>>, String> {
    match (given, file) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(format!("`{key}` and `{key}_file` are both given; keep one")),
        (Some(given), None) => {
            let value = given.reveal().trim();
            if value.is_empty() {
                return Err(format!("`{key}` is empty"));
            }
            Ok(Some(Secret::new(value.to_owned())))
        }
        (None, Some(path)) => {
            let shown = path.display();
            let mut text = String::new();
            fs::File::open(path)
                .and_then(|file| file.take(LARGEST_FILE + 1).read_to_string(&mut text))
                .map_err(|error| format!("`{key}_file`: cannot read {shown}: {error}"))?;
            if text.len() as u64 > LARGEST_FILE {
                return Err(format!(
                    "`{key}_file`: {shown} is too large to hold a secret"
                ));
            }
            let value = text.trim();
            if value.is_empty() {
                return Err(format!("`{key}_file`: {shown} is empty"));
            }
            Ok(Some(Secret::new(value.to_owned())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_its_content_without_the_newline() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "xoxb-1\r\n").unwrap();
        let secret = read("token", None, Some(&path)).unwrap().unwrap();
        assert_eq!(secret.reveal(), "xoxb-1");
    }

    #[test]
    fn errors_name_the_key_and_the_file_and_never_the_value() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        fs::write(&empty, "\n").unwrap();
        let large = folder.path().join("large");
        fs::write(&large, "s".repeat(20_000)).unwrap();
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
        ] {
            let error = read("token", given, file).unwrap_err();
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(read("token", None, None).unwrap().is_none());
    }
}
