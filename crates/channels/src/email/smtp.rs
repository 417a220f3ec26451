//! One SMTP transaction, and what the server's answers mean.
//!
//! lettre's own transport gives up the whole mail when one recipient is refused,
//! so its connection is driven by hand here: each recipient has an answer of
//! their own.

use std::error::Error as StdError;
use std::time::Duration;

use lettre::address::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use model::Secret;

use super::{SERVICE, Tls};
use crate::DeliveryError;
use crate::text::short;

/// What a server says that we repeat to people.
const REASON: usize = 300;

/// Where mail goes out.
pub(super) struct Server {
    host: String,
    port: u16,
    tls: Tls,
    parameters: Option<TlsParameters>,
    login: Option<(String, Secret<String>)>,
    hello: ClientId,
    timeout: Duration,
}

/// Each recipient's answer.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) accepted: Vec<Address>,
    /// 5yz: will not get it.
    pub(super) refused: Vec<(Address, String)>,
    /// 4yz: may get it later.
    pub(super) delayed: Vec<(Address, String)>,
}

/// How far the conversation was when it failed: the same code means different
/// things before and after the login.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Up to the login: a refusal is of us.
    Door,
    /// From the sender on: a refusal is of the mail.
    Mail,
}

impl Server {
    pub(super) fn new(
        host: String,
        port: u16,
        tls: Tls,
        authority: Option<&[u8]>,
        login: Option<(String, Secret<String>)>,
        domain: &str,
        timeout: Duration,
    ) -> Result<Self, String> {
        let parameters = match tls {
            Tls::None => None,
            Tls::Starttls | Tls::Implicit => {
                let mut builder = TlsParameters::builder(host.clone());
                if let Some(pem) = authority {
                    if !pem.windows(BEGIN.len()).any(|part| part == BEGIN) {
                        return Err("`ca_file` holds no certificate in PEM".to_owned());
                    }
                    let certificate = Certificate::from_pem(pem).map_err(|_| {
                        "`ca_file` holds a certificate that cannot be read".to_owned()
                    })?;
                    builder = builder.add_root_certificate(certificate);
                }
                Some(
                    builder
                        .build()
                        .map_err(|error| format!("`ca_file`: {error}"))?,
                )
            }
        };
        Ok(Self {
            host,
            port,
            tls,
            parameters,
            login,
            hello: ClientId::Domain(domain.to_owned()),
            timeout,
        })
    }

    /// Hands `mail` over for each of `to`.
    ///
    /// # Errors
    /// Nobody got it, and not because of the recipients.
    pub(super) async fn send(
        &self,
        from: &Address,
        to: &[Address],
        mail: &[u8],
    ) -> Result<Outcome, DeliveryError> {
        let sent = tokio::time::timeout(self.timeout, self.converse(from, to, mail)).await;
        sent.unwrap_or_else(|_| {
            Err(DeliveryError::Passing {
                service: SERVICE,
                reason: format!(
                    "{}:{} did not answer within {} s",
                    self.host,
                    self.port,
                    self.timeout.as_secs()
                ),
            })
        })
    }

    async fn converse(
        &self,
        from: &Address,
        to: &[Address],
        mail: &[u8],
    ) -> Result<Outcome, DeliveryError> {
        let mut connection = self.connect().await?;
        let done = self.transact(&mut connection, from, to, mail).await;
        // The mail is handed over or not; how the server says goodbye changes nothing.
        connection.abort().await;
        done
    }

    /// A connection that is private, as configured, and logged in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, DeliveryError> {
        let at_door = |error: Error| self.verdict(&error, Stage::Door);
        let implicit = if self.tls == Tls::Implicit {
            self.parameters.clone()
        } else {
            None
        };
        let address = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            address,
            Some(self.timeout),
            &self.hello,
            implicit,
            None,
        )
        .await
        .map_err(at_door)?;
        if self.tls == Tls::Starttls {
            let Some(parameters) = self
                .parameters
                .clone()
                .filter(|_| connection.can_starttls())
            else {
                connection.abort().await;
                return Err(
                    self.paused("it does not offer STARTTLS; nothing was sent in the clear")
                );
            };
            connection
                .starttls(parameters, &self.hello)
                .await
                .map_err(at_door)?;
        }
        if let Some((user, password)) = &self.login {
            let credentials = Credentials::new(user.clone(), password.reveal().clone());
            let login = connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await;
            if let Err(error) = login {
                connection.abort().await;
                return Err(if error.is_client() {
                    self.paused("it offers no login by password")
                } else {
                    at_door(error)
                });
            }
        }
        Ok(connection)
    }

    async fn transact(
        &self,
        connection: &mut AsyncSmtpConnection,
        from: &Address,
        to: &[Address],
        mail: &[u8],
    ) -> Result<Outcome, DeliveryError> {
        let of_mail = |error: Error| self.verdict(&error, Stage::Mail);
        let ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        let mut options = Vec::new();
        if !ascii(from) || !to.iter().all(ascii) {
            if !connection
                .server_info()
                .supports_feature(Extension::SmtpUtfEight)
            {
                return Err(self.paused("it cannot carry addresses beyond ASCII (SMTPUTF8)"));
            }
            options.push(MailParameter::SmtpUtfEight);
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        connection
            .command(Mail::new(Some(from.clone()), options))
            .await
            .map_err(of_mail)?;

        let mut outcome = Outcome::default();
        for address in to {
            match connection
                .command(Rcpt::new(address.clone(), Vec::new()))
                .await
            {
                Ok(_) => outcome.accepted.push(address.clone()),
                Err(error) => match self.verdict(&error, Stage::Mail) {
                    DeliveryError::Refused { reason, .. } => {
                        outcome.refused.push((address.clone(), reason))
                    }
                    DeliveryError::Passing { reason, .. }
                        if code(&error).is_some_and(|code| code != 421) =>
                    {
                        outcome.delayed.push((address.clone(), reason));
                    }
                    // The server hung up, or wants a login after all.
                    verdict => return Err(verdict),
                },
            }
        }
        if !outcome.accepted.is_empty() {
            connection.command(Data).await.map_err(of_mail)?;
            connection.message(mail).await.map_err(of_mail)?;
        }
        Ok(outcome)
    }

    /// What a failure means for the delivery.
    fn verdict(&self, error: &Error, stage: Stage) -> DeliveryError {
        let reason = self.reason(error);
        match (code(error), stage) {
            // Login needed, wrong, or too weak (RFC 4954, 6), at whatever stage.
            (Some(530 | 534 | 535 | 538), _) => self.paused(&format!("the login failed: {reason}")),
            (Some(500..), Stage::Door) => self.paused(&reason),
            (Some(500..), Stage::Mail) => DeliveryError::Refused {
                service: SERVICE,
                reason,
            },
            (Some(_), _) => DeliveryError::Passing {
                service: SERVICE,
                reason,
            },
            (None, _) => match certificate_trouble(error) {
                Some(trouble) => self.paused(&trouble),
                None => DeliveryError::Passing {
                    service: SERVICE,
                    reason: format!("{}:{}: {reason}", self.host, self.port),
                },
            },
        }
    }

    fn paused(&self, reason: &str) -> DeliveryError {
        DeliveryError::Paused {
            service: SERVICE,
            reason: format!("{}: {reason}", self.host),
        }
    }

    /// What happened, in the server's words where it spoke; without the password,
    /// should a server repeat it.
    fn reason(&self, error: &Error) -> String {
        let words = innermost(error);
        let words = match code(error) {
            Some(code) => format!("{code} {words}"),
            None => words,
        };
        let words = match &self.login {
            Some((_, password)) => words.replace(password.reveal(), "***"),
            None => words,
        };
        short(&words, REASON)
    }
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

fn code(error: &Error) -> Option<u16> {
    error.status().map(u16::from)
}

fn innermost(error: &Error) -> String {
    let mut deepest: &dyn StdError = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// Why TLS failed, when trying again will not help.
fn certificate_trouble(error: &Error) -> Option<String> {
    use rustls::Error as Tls;
    match tls_error(error)? {
        Tls::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => Some(
            "its certificate is from an authority we do not know; name that authority in `ca_file` if it is yours"
                .to_owned(),
        ),
        Tls::InvalidCertificate(kind) => Some(format!("its certificate is not valid: {kind}")),
        Tls::InvalidMessage(_) => Some(
            "it does not speak TLS on this port; `tls = \"starttls\"` belongs to port 587, `tls = \"implicit\"` to 465"
                .to_owned(),
        ),
        Tls::PeerIncompatible(why) => Some(format!("it speaks no TLS that is safe today: {why:?}")),
        _ => None,
    }
}

/// The TLS error inside, which hides in an I/O error.
fn tls_error(error: &Error) -> Option<&rustls::Error> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let inside = current
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if inside.is_some() {
            return inside;
        }
        next = current.source();
    }
    None
}
