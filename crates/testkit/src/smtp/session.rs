//! One conversation with the fake mail server: RFC 5321, with STARTTLS (3207),
//! AUTH (4954), 8BITMIME (6152), SIZE (1870), PIPELINING (2920) and
//! SMTPUTF8 (6531).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::content::{MAX_MAIL, fault, unstuffed};
use super::wire::{Duplex, Wire};
use super::{Mail, SmtpMode, State};
use crate::shared::Shared;

/// Most recipients of one mail (RFC 5321, 4.5.3.1.8 asks for at least 100).
const MAX_RECIPIENTS: usize = 100;

/// What the session knows between two commands.
#[derive(Default)]
struct Session {
    greeted: bool,
    extended: bool,
    tls: bool,
    login: Option<String>,
    envelope: Option<Envelope>,
}

#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
    eight_bit: bool,
    utf8: bool,
}

type Answer = (u16, String);

fn answer(code: u16, text: &str) -> Answer {
    (code, text.to_owned())
}

/// Speaks with one client until one of the two closes.
pub(super) async fn converse(
    stream: TcpStream,
    mode: SmtpMode,
    acceptor: TlsAcceptor,
    state: Shared<State>,
) -> std::io::Result<()> {
    let mut session = Session {
        tls: mode == SmtpMode::ImplicitTls,
        ..Session::default()
    };
    let stream: Box<dyn Duplex> = if session.tls {
        Box::new(acceptor.accept(stream).await?)
    } else {
        Box::new(stream)
    };
    let mut wire = Wire {
        stream,
        buffer: Vec::new(),
    };
    wire.say(220, "localhost fake mail server ESMTP").await?;
    while let Some(line) = wire.line().await? {
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let verb = verb.to_ascii_uppercase();
        let logged = if verb == "AUTH" {
            "AUTH".to_owned()
        } else {
            line.clone()
        };
        state.lock().commands.push(logged);
        match verb.as_str() {
            "EHLO" if !rest.trim().is_empty() => {
                session = Session {
                    greeted: true,
                    extended: true,
                    ..renewed(session)
                };
                greet(&mut wire, mode, &session).await?;
            }
            "STARTTLS" => {
                let refusal = starttls_refusal(&wire, mode, &session, rest);
                if let Some((code, text)) = refusal {
                    wire.say(code, &text).await?;
                    continue;
                }
                wire.say(220, "2.0.0 go ahead").await?;
                wire = Wire {
                    stream: Box::new(acceptor.accept(wire.stream).await?),
                    buffer: Vec::new(),
                };
                // All that was said in the clear is forgotten (RFC 3207, 4.2).
                session = Session {
                    tls: true,
                    ..Session::default()
                };
            }
            "AUTH" => {
                let (code, text) = log_in(&mut wire, mode, &mut session, &state, rest).await?;
                wire.say(code, &text).await?;
            }
            "DATA" => {
                if let Some((code, text)) = data_refusal(&session, rest) {
                    wire.say(code, &text).await?;
                    continue;
                }
                wire.say(354, "end with a dot on a line of its own").await?;
                let Some(data) = wire.data().await? else {
                    break;
                };
                let envelope = session.envelope.take().unwrap_or_default();
                let Some((code, text)) = take_mail(&state, &session, envelope, &data) else {
                    break;
                };
                wire.say(code, &text).await?;
            }
            "QUIT" => {
                wire.say(221, "2.0.0 bye").await?;
                break;
            }
            _ => {
                let (code, text) = simple(&verb, rest, mode, &mut session, &state);
                wire.say(code, &text).await?;
                if code == 421 {
                    break;
                }
            }
        }
    }
    wire.stream.shutdown().await
}

/// A greeting starts afresh, but keeps TLS and the login.
fn renewed(session: Session) -> Session {
    Session {
        tls: session.tls,
        login: session.login,
        ..Session::default()
    }
}

async fn greet(wire: &mut Wire, mode: SmtpMode, session: &Session) -> std::io::Result<()> {
    let mut lines = vec![
        "localhost".to_owned(),
        "PIPELINING".to_owned(),
        format!("SIZE {MAX_MAIL}"),
    ];
    if mode == SmtpMode::StartTls && !session.tls {
        lines.push("STARTTLS".to_owned());
    } else {
        lines.push("AUTH PLAIN LOGIN".to_owned());
    }
    lines.extend(["8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"].map(str::to_owned));
    let last = lines.len() - 1;
    let text: String = lines
        .iter()
        .enumerate()
        .map(|(n, line)| format!("250{}{line}\r\n", if n == last { ' ' } else { '-' }))
        .collect();
    wire.stream.write_all(text.as_bytes()).await?;
    wire.stream.flush().await
}

fn starttls_refusal(wire: &Wire, mode: SmtpMode, session: &Session, rest: &str) -> Option<Answer> {
    if mode != SmtpMode::StartTls {
        Some(answer(502, "5.5.1 STARTTLS is not offered"))
    } else if session.tls {
        Some(answer(503, "5.5.1 TLS is already on"))
    } else if !session.greeted {
        Some(answer(503, "5.5.1 EHLO first"))
    } else if !rest.is_empty() || !wire.buffer.is_empty() {
        // Commands sent along in the clear would run inside TLS.
        Some(answer(501, "5.5.4 nothing may follow STARTTLS"))
    } else {
        None
    }
}

async fn log_in(
    wire: &mut Wire,
    mode: SmtpMode,
    session: &mut Session,
    state: &Shared<State>,
    rest: &str,
) -> std::io::Result<Answer> {
    if mode == SmtpMode::StartTls && !session.tls {
        return Ok(answer(530, "5.7.0 must issue a STARTTLS command first"));
    }
    if !session.extended {
        return Ok(answer(503, "5.5.1 EHLO first"));
    }
    if session.login.is_some() || session.envelope.is_some() {
        return Ok(answer(503, "5.5.1 AUTH does not belong here"));
    }
    let (method, initial) = rest.split_once(' ').unwrap_or((rest, ""));
    let given = match method.to_ascii_uppercase().as_str() {
        "PLAIN" => {
            let response = if initial.is_empty() {
                ask(wire, "").await?
            } else {
                decode(initial)
            };
            response.and_then(|text| {
                let mut parts = text.split('\0').skip(1);
                Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
            })
        }
        "LOGIN" => {
            let user = if initial.is_empty() {
                ask(wire, "VXNlcm5hbWU6").await?
            } else {
                decode(initial)
            };
            let pass = ask(wire, "UGFzc3dvcmQ6").await?;
            user.zip(pass)
        }
        _ => return Ok(answer(504, "5.5.4 no such mechanism")),
    };
    let Some((user, pass)) = given else {
        return Ok(answer(501, "5.5.2 cannot decode the response"));
    };
    let known = match &state.lock().login {
        Some((known_user, known_pass)) => *known_user == user && *known_pass == pass,
        None => true,
    };
    if !known {
        return Ok(answer(535, "5.7.8 username and password not accepted"));
    }
    session.login = Some(user);
    Ok(answer(235, "2.7.0 accepted"))
}

/// A challenge, and what the client answers; `None` if that is no base64 or the
/// client gives up with `*`.
async fn ask(wire: &mut Wire, challenge: &str) -> std::io::Result<Option<String>> {
    wire.say(334, challenge).await?;
    Ok(wire.line().await?.and_then(|line| decode(&line)))
}

fn decode(text: &str) -> Option<String> {
    BASE64
        .decode(text.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
}

fn simple(
    verb: &str,
    rest: &str,
    mode: SmtpMode,
    session: &mut Session,
    state: &Shared<State>,
) -> Answer {
    match verb {
        "EHLO" | "HELO" if rest.trim().is_empty() => answer(501, "5.5.4 say who you are"),
        "HELO" => {
            *session = Session {
                greeted: true,
                ..renewed(std::mem::take(session))
            };
            answer(250, "localhost")
        }
        "MAIL" => mail_from(rest, mode, session, state),
        "RCPT" => rcpt_to(rest, session, state),
        "RSET" => {
            session.envelope = None;
            answer(250, "2.0.0 forgotten")
        }
        "NOOP" => answer(250, "2.0.0 ok"),
        "VRFY" => answer(252, "2.5.0 send it and see"),
        _ => answer(500, "5.5.1 no such command"),
    }
}

fn mail_from(rest: &str, mode: SmtpMode, session: &mut Session, state: &Shared<State>) -> Answer {
    if !session.greeted {
        return answer(503, "5.5.1 EHLO first");
    }
    if mode == SmtpMode::StartTls && !session.tls {
        return answer(530, "5.7.0 must issue a STARTTLS command first");
    }
    if session.login.is_none() && state.lock().login.is_some() {
        return answer(530, "5.7.0 authentication required");
    }
    if session.envelope.is_some() {
        return answer(503, "5.5.1 one mail at a time");
    }
    let Some((from, params)) = path(rest, "FROM:") else {
        return answer(501, "5.5.4 MAIL FROM:<address>");
    };
    let mut envelope = Envelope {
        from,
        ..Envelope::default()
    };
    for param in params.split_ascii_whitespace() {
        let (name, value) = param.split_once('=').unwrap_or((param, ""));
        match (
            name.to_ascii_uppercase().as_str(),
            value.to_ascii_uppercase().as_str(),
        ) {
            _ if !session.extended => return answer(555, "5.5.4 parameters need EHLO"),
            ("BODY", "8BITMIME") => envelope.eight_bit = true,
            ("BODY", "7BIT") => {}
            ("SMTPUTF8", "") => envelope.utf8 = true,
            ("AUTH", _) => {}
            ("SIZE", size) => match size.parse::<usize>() {
                Ok(size) if size <= MAX_MAIL => {}
                Ok(_) => return answer(552, "5.3.4 the mail is too large"),
                Err(_) => return answer(501, "5.5.4 SIZE is a number"),
            },
            _ => return answer(555, "5.5.4 unknown parameter"),
        }
    }
    if !envelope.utf8 && !envelope.from.is_ascii() {
        return answer(553, "5.6.7 this address needs SMTPUTF8");
    }
    if let Some(refusal) = state.lock().refuse.pop_front() {
        return refusal;
    }
    session.envelope = Some(envelope);
    answer(250, "2.1.0 sender ok")
}

fn rcpt_to(rest: &str, session: &mut Session, state: &Shared<State>) -> Answer {
    let Some(envelope) = &mut session.envelope else {
        return answer(503, "5.5.1 MAIL first");
    };
    let Some((to, params)) = path(rest, "TO:") else {
        return answer(501, "5.5.4 RCPT TO:<address>");
    };
    if !params.is_empty() {
        return answer(555, "5.5.4 unknown parameter");
    }
    if !to.contains('@') || to.starts_with('@') || to.ends_with('@') {
        return answer(553, "5.1.3 that is no address");
    }
    if !envelope.utf8 && !to.is_ascii() {
        return answer(553, "5.6.7 this address needs SMTPUTF8");
    }
    if envelope.to.len() >= MAX_RECIPIENTS {
        return answer(452, "4.5.3 too many recipients");
    }
    if let Some(refusal) = state.lock().refuse_recipients.get(&to.to_lowercase()) {
        return refusal.clone();
    }
    envelope.to.push(to);
    answer(250, "2.1.5 recipient ok")
}

/// `FROM:<a@b> PARAMS` → (`a@b`, `PARAMS`). RFC 5321 allows no blank after the
/// colon; the real servers that let it pass are not counted on.
fn path(rest: &str, word: &str) -> Option<(String, String)> {
    let head = rest.get(..word.len())?;
    if !head.eq_ignore_ascii_case(word) {
        return None;
    }
    let (address, params) = rest.get(word.len()..)?.strip_prefix('<')?.split_once('>')?;
    if address.contains([' ', '<']) || address.contains(char::is_control) {
        return None;
    }
    Some((address.to_owned(), params.trim().to_owned()))
}

fn data_refusal(session: &Session, rest: &str) -> Option<Answer> {
    match &session.envelope {
        _ if !rest.is_empty() => Some(answer(501, "5.5.4 DATA stands alone")),
        None => Some(answer(503, "5.5.1 MAIL first")),
        Some(envelope) if envelope.to.is_empty() => Some(answer(554, "5.5.1 no valid recipients")),
        Some(_) => None,
    }
}

/// Keeps the mail or says why not; `None` closes the connection without a word.
fn take_mail(
    state: &Shared<State>,
    session: &Session,
    envelope: Envelope,
    data: &[u8],
) -> Option<Answer> {
    let mut state = state.lock();
    if let Some(refusal) = state.refuse_content.pop_front() {
        return Some(refusal);
    }
    if let Some((code, text)) = fault(data, envelope.eight_bit, envelope.utf8) {
        return Some(answer(code, text));
    }
    let mail = Mail {
        from: envelope.from,
        to: envelope.to,
        data: String::from_utf8_lossy(&unstuffed(data)).into_owned(),
        tls: session.tls,
        login: session.login.clone(),
    };
    state.mails.push(mail);
    if state.lost_answers > 0 {
        state.lost_answers -= 1;
        return None;
    }
    let count = state.mails.len();
    Some((250, format!("2.0.0 kept as {count}")))
}
