//! CPE 2.3 names in their bound form, as far as vendor, product and version.
//! NIST IR 7695, section 6.2: thirteen parts split by colons, in which every
//! special character stands behind a backslash.

use std::borrow::Cow;

/// The parts of a name that say what is affected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cpe<'a> {
    pub(super) vendor: Cow<'a, str>,
    pub(super) product: Cow<'a, str>,
    /// With the update behind a blank (`2019 cumulative_update_1`); none when
    /// the name leaves it open.
    pub(super) version: Option<Cow<'a, str>>,
}

/// Reads a name; `None` if it is not one.
pub(super) fn parse(name: &str) -> Option<Cpe<'_>> {
    let mut parts = Parts { rest: Some(name) };
    if parts.next()? != "cpe" || parts.next()? != "2.3" {
        return None;
    }
    let _part = parts.next()?;
    let vendor = unescape(parts.next()?);
    let product = unescape(parts.next()?);
    let version = said(parts.next()?);
    let update = parts.next().and_then(said);
    if vendor.is_empty() || product.is_empty() {
        return None;
    }
    let version = match (version, update) {
        (Some(version), Some(update)) => Some(Cow::Owned(format!("{version} {update}"))),
        (version, update) => version.or(update),
    };
    Some(Cpe {
        vendor,
        product,
        version,
    })
}

/// A part unless it is `*` (any) or `-` (has none).
fn said(part: &str) -> Option<Cow<'_, str>> {
    (!matches!(part, "*" | "-" | "")).then(|| unescape(part))
}

fn unescape(part: &str) -> Cow<'_, str> {
    if !part.contains('\\') {
        return Cow::Borrowed(part);
    }
    let mut plain = String::with_capacity(part.len());
    let mut escaped = false;
    for c in part.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            plain.push(c);
            escaped = false;
        }
    }
    Cow::Owned(plain)
}

/// The parts between colons that are not escaped.
struct Parts<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest.take()?;
        let mut escaped = false;
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                b'\\' => escaped = !escaped,
                b':' if !escaped => {
                    self.rest = rest.get(at + 1..);
                    return rest.get(..at);
                }
                _ => escaped = false,
            }
        }
        Some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> String {
        match parse(name) {
            None => "none".to_owned(),
            Some(cpe) => format!(
                "{}|{}|{}",
                cpe.vendor,
                cpe.product,
                cpe.version.as_deref().unwrap_or("any")
            ),
        }
    }

    #[test]
    fn names_are_split_at_bare_colons_and_unescaped() {
        for (name, wanted) in [
            (
                "cpe:2.3:a:apache:struts:*:*:*:*:*:*:*:*",
                "apache|struts|any",
            ),
            (
                "cpe:2.3:o:fortinet:fortios:7.2.4:*:*:*:*:*:*:*",
                "fortinet|fortios|7.2.4",
            ),
            (
                "cpe:2.3:a:microsoft:exchange_server:2019:cumulative_update_1:*:*:*:*:*:*",
                "microsoft|exchange_server|2019 cumulative_update_1",
            ),
            (
                "cpe:2.3:o:microsoft:windows_server_2008:-:sp2:*:*:*:*:x64:*",
                "microsoft|windows_server_2008|sp2",
            ),
            ("cpe:2.3:h:acme:router:-:*:*:*:*:*:*:*", "acme|router|any"),
            (
                r"cpe:2.3:a:acme\:labs:file\\name\/x:1\.0\:2:*:*:*:*:*:*:*",
                r"acme:labs|file\name/x|1.0:2",
            ),
            (
                r"cpe:2.3:o:cisco:ios:12.2\(33\)sxi:*:*:*:*:*:*:*",
                "cisco|ios|12.2(33)sxi",
            ),
            ("cpe:2.3:a:acme:short:1.0", "acme|short|1.0"),
            ("cpe:2.3:a:acme:shorter", "none"),
            ("cpe:/a:acme:old:1.0", "none"),
            ("cpe:2.3:a:::1.0", "none"),
            ("cpe:2.3:a:acme:open\\", "none"),
            ("", "none"),
        ] {
            assert_eq!(shown(name), wanted, "{name}");
        }
    }
}
