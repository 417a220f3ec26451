"""Proves each fake of the fake world against clients that others wrote.

    pip install -r requirements.txt
    python prove.py PATH-TO-FAKE-WORLD-BINARY

A fake that only our own code has spoken to proves that we agree with ourselves.
Here slack_sdk, python-telegram-bot, smtplib, nvdlib, feedparser and requests
speak to it: what they send must be taken, and what the services refuse must
come back to them as the refusal they know. Ends with 0 and `N passed, 0 failed`.
"""

import asyncio
import json
import logging
import smtplib
import socket
import ssl
import subprocess
import sys
import traceback
import warnings
from datetime import datetime, timedelta, timezone
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from http.client import IncompleteRead
from types import SimpleNamespace

import feedparser
import nvdlib.cve
import nvdlib.get
import requests
import telegram
import telegram.error
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackObjectFormationError
from slack_sdk.models.blocks import (
    ActionsBlock, ButtonElement, ContextBlock, DividerBlock, HeaderBlock, ImageBlock,
    MarkdownTextObject, PlainTextObject, SectionBlock,
)
from slack_sdk.webhook import WebhookClient
from telegram import LinkPreviewOptions, ReplyParameters
from telegram.constants import MessageLimit, ParseMode

passed, failed = 0, []


def check(name, holds, seen=None):
    """Counts one check; what was seen helps when it fails."""
    global passed
    if holds:
        passed += 1
    else:
        failed.append(name)
        print(f"FAILED {name}: {seen!r}")


def raises(name, kind, words, call):
    """Checks that a call is refused, by the client's own error and these words."""
    try:
        result = call()
    except kind as error:
        check(name, words in str(error), error)
    else:
        check(name, False, result)


class World:
    """The fake world as a process, and its control API."""

    def __init__(self, binary):
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.__dict__.update(json.loads(self.process.stdout.readline()))

    def tell(self, call, **body):
        answer = requests.post(f"{self.control}/{call}", json=body, timeout=10)
        assert answer.status_code == 200, (call, body, answer.text)

    def messages(self, kind):
        return requests.get(f"{self.control}/messages", timeout=10).json()[kind]

    def feed(self, name):
        return next(feed["url"] for feed in self.feeds if feed["name"] == name)


# Slack ------------------------------------------------------------------------


def slack(world):
    client = WebClient(token=world.slack["token"], base_url=world.slack["api_url"] + "/")
    check("slack: auth.test", client.auth_test()["ok"])
    first = client.chat_postMessage(
        channel="#security",
        text="Acme Gateway exploited",
        blocks=[
            HeaderBlock(text="Acme Gateway exploited").to_dict(),
            SectionBlock(text=MarkdownTextObject(text="*CVE-2026-41001* &amp; more")).to_dict(),
            SectionBlock(fields=[MarkdownTextObject(text="*Severity*\nCritical")]).to_dict(),
            DividerBlock().to_dict(),
            ContextBlock(elements=[PlainTextObject(text="why: listed by CISA")]).to_dict(),
            ActionsBlock(elements=[ButtonElement(text="Open", action_id="open", url="https://prahari.example/1")]).to_dict(),
        ],
        metadata={"event_type": "prahari_alert", "event_payload": {"delivery": "1"}},
        unfurl_links=False,
    )
    check("slack: a message with every block is taken", first["ok"] and "." in first["ts"], first.data)
    check("slack: the answer names the channel by id", first["channel"].startswith("C"), first.data)
    reply = client.chat_postMessage(channel=first["channel"], text="follow-up", thread_ts=first["ts"])
    check("slack: a reply lands in the thread", reply["message"]["thread_ts"] == first["ts"], reply.data)
    check("slack: what was sent is kept", world.messages("slack")[-1]["text"] == "follow-up")

    def post(**arguments):
        return client.chat_postMessage(**{"channel": "#security", "text": "x", **arguments})

    def section(text):
        return {"type": "section", "text": {"type": "mrkdwn", "text": text}}

    def header(text):
        return {"type": "header", "text": {"type": "plain_text", "text": text}}

    # Each pair: the largest that is taken, and one more. slack_sdk's own
    # validators must draw the line at the same place.
    limits = {
        "section text": (3000, section, lambda text: SectionBlock(text=text)),
        "header": (150, header, lambda text: HeaderBlock(text=text)),
        "field": (2000, lambda text: {"type": "section", "fields": [{"type": "mrkdwn", "text": text}]}, None),
        "button text": (
            75,
            lambda text: {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": text}}]},
            lambda text: ActionsBlock(elements=[ButtonElement(text=text, action_id="a")]),
        ),
        "alt text": (
            2000,
            lambda text: {"type": "image", "image_url": "https://a.example/x.png", "alt_text": text},
            lambda text: ImageBlock(image_url="https://a.example/x.png", alt_text=text),
        ),
        "block_id": (255, lambda text: {"type": "divider", "block_id": text}, lambda text: DividerBlock(block_id=text)),
    }
    for name, (longest, raw, model) in limits.items():
        check(f"slack: {name} of {longest} is taken", post(blocks=[raw("x" * longest)])["ok"])
        raises(f"slack: {name} of {longest + 1} is refused", SlackApiError, "invalid_blocks",
               lambda: post(blocks=[raw("x" * (longest + 1))]))
        if model:
            model("x" * longest).to_dict()
            raises(f"slack: slack_sdk agrees on {name}", SlackObjectFormationError, str(longest),
                   lambda: model("x" * (longest + 1)).to_dict())
    check("slack: 50 blocks are taken", post(blocks=[section("x")] * 50)["ok"])
    try:
        post(blocks=[section("x" * 3001)])
    except SlackApiError as error:
        check("slack: the refusal points at the block",
              "[json-pointer:/blocks/0/text/text]" in error.response["response_metadata"]["messages"][0], error.response.data)
    refusals = {
        "51 blocks": ("invalid_blocks", {"blocks": [section("x")] * 51}),
        "an empty section": ("invalid_blocks", {"blocks": [section("")]}),
        "a header in mrkdwn": ("invalid_blocks", {"blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}),
        "11 context elements": ("invalid_blocks", {"blocks": [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}]}),
        "an unknown block": ("invalid_blocks", {"blocks": [{"type": "marquee"}]}),
        "blocks that are no list": ("invalid_blocks_format", {"blocks": {"type": "divider"}}),
        "13,201 characters over all blocks": ("msg_blocks_too_long", {"blocks": [section("x" * 2641)] * 4 + [section("x" * 2637)]}),
        "neither text nor blocks": ("no_text", {"text": ""}),
        "text over 40,000": ("msg_too_long", {"text": "x" * 40001}),
        "an unknown channel": ("channel_not_found", {"channel": "#nowhere"}),
        "an unknown thread": ("invalid_thread_ts", {"thread_ts": "1.000001"}),
        "metadata without a type": ("invalid_metadata_format", {"metadata": {"event_payload": {}}}),
    }
    for name, (error, arguments) in refusals.items():
        raises(f"slack: {name}", SlackApiError, error, lambda: post(**arguments))
    check("slack: 13,200 characters are taken", post(blocks=[section("x" * 2640)] * 5)["ok"])
    wrong = WebClient(token="xoxb-other", base_url=world.slack["api_url"] + "/")
    raises("slack: wrong token", SlackApiError, "invalid_auth", lambda: wrong.chat_postMessage(channel="#security", text="x"))
    try:
        wrong.chat_postMessage(channel="#security", text="x")
    except SlackApiError as error:
        check("slack: a refusal is HTTP 200", error.response.status_code == 200, error.response.status_code)

    before = len(world.messages("slack"))
    world.tell("fail", service="slack", retry_after=30)
    try:
        post()
        check("slack: 429", False)
    except SlackApiError as error:
        check("slack: 429", error.response.status_code == 429 and error.response.headers["retry-after"] == "30"
              and error.response["error"] == "ratelimited", error)
    world.tell("fail", service="slack", error="account_inactive")
    raises("slack: scripted error", SlackApiError, "account_inactive", post)
    world.tell("fail", service="slack", status=500)
    try:
        post()
        check("slack: 500", False)
    except SlackApiError as error:
        check("slack: 500", error.response.status_code == 500, error)
    check("slack: failures keep nothing", len(world.messages("slack")) == before)
    world.tell("fail", service="slack", lose_answer=True)
    raises("slack: a lost answer is an error to the client", IncompleteRead, "", post)
    check("slack: ... but the message is there", len(world.messages("slack")) == before + 1)

    hook = WebhookClient(world.slack["webhook_url"])
    answer = hook.send(text="by the hook", blocks=[section("by the hook")])
    check("slack webhook: taken", (answer.status_code, answer.body) == (200, "ok"), answer.body)
    answer = hook.send(blocks=[section("x" * 3001)])
    check("slack webhook: blocks are checked", (answer.status_code, answer.body) == (400, "invalid_blocks"), answer.body)
    answer = hook.send(text="")
    check("slack webhook: no text", (answer.status_code, answer.body) == (400, "no_text"), answer.body)
    answer = WebhookClient(world.slack["webhook_url"] + "x").send(text="x")
    check("slack webhook: wrong address", (answer.status_code, answer.body) == (404, "no_service"), answer.body)
    world.tell("fail", service="slack", error="channel_is_archived")
    answer = hook.send(text="x")
    check("slack webhook: archived", (answer.status_code, answer.body) == (410, "channel_is_archived"), answer.body)
    world.tell("fail", service="slack", retry_after=7)
    answer = hook.send(text="x")
    check("slack webhook: 429", answer.status_code == 429 and answer.headers["retry-after"] == "7", answer.headers)
    answer = requests.post(world.slack["webhook_url"], data="not json", timeout=10)
    check("slack webhook: nonsense", (answer.status_code, answer.text) == (400, "invalid_payload"), answer.text)


# Telegram ---------------------------------------------------------------------


async def araises(name, kind, words, call, **expected):
    """As `raises`, of a coroutine, and the error's own fields."""
    try:
        result = await call
    except kind as error:
        fields = {key: getattr(error, key) for key in expected}
        check(name, words in str(error) and fields == expected, (error, fields))
    else:
        check(name, False, result)


async def telegram_bot(world):
    chat = world.telegram["chat_id"]
    base = world.telegram["url"] + "/bot"
    bot = telegram.Bot(world.telegram["token"], base_url=base)
    async with bot:
        check("telegram: getMe", (await bot.get_me()).is_bot)
        check("telegram: getChat", (await bot.get_chat(chat)).type == "private")
        sent = await bot.send_message(
            chat,
            '<b>Acme &amp; co</b>\n<a href="https://a.example/?x=1&amp;y=2">read</a> <code>7.4.2</code>\n'
            "<blockquote expandable>why</blockquote>",
            parse_mode=ParseMode.HTML,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            disable_notification=True,
        )
        check("telegram: HTML is taken and read", sent.text == "Acme & co\nread 7.4.2\nwhy", sent.text)
        kept = world.messages("telegram")[-1]
        check("telegram: what was sent is kept",
              kept["link_preview_options"]["is_disabled"] is True and kept["chat_id"] == chat, kept)
        reply = await bot.send_message(chat, "follow-up", reply_parameters=ReplyParameters(sent.message_id))
        check("telegram: a reply names what it answers", reply.reply_to_message.message_id == sent.message_id)
        lenient = ReplyParameters(999999, allow_sending_without_reply=True)
        check("telegram: a lenient reply is taken", await bot.send_message(chat, "x", reply_parameters=lenient))

        full = "x" * MessageLimit.MAX_TEXT_LENGTH
        check("telegram: 4096 are taken", len((await bot.send_message(chat, full)).text) == 4096)
        check("telegram: mark-up does not count", await bot.send_message(chat, f"<b>{full}</b>", parse_mode="HTML"))
        check("telegram: entities count once", await bot.send_message(chat, "&amp;" * 4096, parse_mode="HTML"))
        bad = telegram.error.BadRequest
        refusals = {
            "4097": ("Message is too long", full + "x", None),
            "2049 emoji are 4098 units": ("Message is too long", "\U0001f6a8" * 2049, None),
            "empty": ("Message text is empty", " \n", None),
            "empty after mark-up": ("Message text is empty", "<b> </b>", "HTML"),
            "bare <": ("Can't parse entities", "versions < 7.4.2", "HTML"),
            "unknown tag": ('Unsupported start tag "br"', "a<br>b", "HTML"),
            "unclosed tag": ("Can't find end tag", "<b>a", "HTML"),
            "crossed tags": ("Unmatched end tag", "<b><i>a</b></i>", "HTML"),
            "cut inside a tag": ("Unclosed start tag", 'a <a href="https://', "HTML"),
        }
        for name, (words, text, mode) in refusals.items():
            await araises(f"telegram: {name}", bad, words.lower(), lowered(bot.send_message(chat, text, parse_mode=mode)))
        await araises("telegram: unknown chat", bad, "chat not found", lowered(bot.send_message(777, "x")))
        await araises("telegram: unknown reply", bad, "message to be replied not found",
                      lowered(bot.send_message(chat, "x", reply_parameters=ReplyParameters(999999))))

        before = len(world.messages("telegram"))
        world.tell("fail", service="telegram", retry_after=35)
        await araises("telegram: 429", telegram.error.RetryAfter, "35", bot.send_message(chat, "x"))
        world.tell("fail", service="telegram", blocked=True)
        await araises("telegram: blocked", telegram.error.Forbidden, "bot was blocked", bot.send_message(chat, "x"))
        world.tell("fail", service="telegram", status=502)
        await araises("telegram: a page that is no JSON", telegram.error.NetworkError, "", bot.send_message(chat, "x"))
        check("telegram: failures keep nothing", len(world.messages("telegram")) == before)
        world.tell("fail", service="telegram", lose_answer=True)
        await araises("telegram: a lost answer is an error to the client", telegram.error.NetworkError, "", bot.send_message(chat, "x"))
        check("telegram: ... but the message is there", len(world.messages("telegram")) == before + 1)

        world.tell("say", text="/start", chat_id=-100555)
        updates = await bot.get_updates()
        check("telegram: /start arrives", [(u.message.text, u.message.chat_id) for u in updates] == [("/start", -100555)], updates)
        check("telegram: unconfirmed updates come again", len(await bot.get_updates()) == 1)
        check("telegram: confirmed ones do not", not await bot.get_updates(offset=updates[-1].update_id + 1))
        check("telegram: who said /start can be written to", await bot.send_message(-100555, "hello"))
        world.tell("fail", service="telegram", migrate_to=-100777)
        await araises("telegram: migrated", telegram.error.ChatMigrated, "-100777", bot.send_message(-100555, "x"), new_chat_id=-100777)
        check("telegram: the new chat is there", await bot.send_message(-100777, "x"))
        await araises("telegram: the old one stays gone", telegram.error.ChatMigrated, "-100777", bot.send_message(-100555, "x"))
        world.tell("fail", service="telegram", unauthorized=True)
        await araises("telegram: revoked", telegram.error.InvalidToken, "Unauthorized", bot.send_message(chat, "x"))
    stranger = telegram.Bot("1:other", base_url=base)
    await araises("telegram: wrong token", telegram.error.InvalidToken, "", stranger.initialize())


async def lowered(call):
    """The call, its error's words in lower case: clients capitalise them."""
    try:
        return await call
    except telegram.error.BadRequest as error:
        raise telegram.error.BadRequest(str(error).lower()) from None


# Mail -------------------------------------------------------------------------


def mail(subject="Acme Gateway exploited", to="asha@example.org", body="first\n.a line with a dot\n..two\nlast\n"):
    message = EmailMessage()
    message["From"] = Address("Prahari", addr_spec="soc@example.org")
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<1@prahari.example>"
    message.set_content(body)
    message.add_alternative("<p>first</p>", subtype="html")
    return message


def smtp(world):
    user, word = world.smtp["user"], world.smtp["pass"]
    starttls, tls, plain = (world.smtp[mode] for mode in ("starttls", "tls", "plain"))

    def context(server):
        strict = ssl.create_default_context(cadata=server["ca_pem"])
        strict.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
        return strict

    with smtplib.SMTP("localhost", starttls["port"], timeout=10) as client:
        check("smtp: STARTTLS is offered", client.ehlo()[0] == 250 and client.has_extn("starttls") and not client.has_extn("auth"))
        raises("smtp: no mail before STARTTLS", smtplib.SMTPSenderRefused, "STARTTLS", lambda: client.sendmail(user, ["a@example.org"], "x"))
        check("smtp: STARTTLS with the authority", client.starttls(context=context(starttls))[0] == 220)
        check("smtp: TLS forgets the greeting", client.docmd("MAIL", "FROM:<a@example.org>")[0] == 503)
        check("smtp: STARTTLS is not offered twice", client.ehlo()[0] == 250 and not client.has_extn("starttls"))
        raises("smtp: login needed", smtplib.SMTPSenderRefused, "authentication required", lambda: client.sendmail(user, ["a@example.org"], "x"))
        raises("smtp: wrong password", smtplib.SMTPAuthenticationError, "535", lambda: client.login(user, "wrong"))
        check("smtp: login", client.login(user, word)[0] == 235)
        check("smtp: a mail is taken", client.send_message(mail()) == {})
        kept = world.messages("mail")[-1]
        check("smtp: kept with its envelope", (kept["from"], kept["to"], kept["tls"], kept["login"])
              == ("soc@example.org", ["asha@example.org"], True, user), kept)
        check("smtp: dots are unstuffed", "\r\n.a line with a dot\r\n..two\r\n" in kept["data"], kept["data"])
        check("smtp: a second mail on the same connection", client.send_message(mail(subject="भारत: रैनसमवेयर")) == {})
        check("smtp: non-ASCII headers come encoded", "=?utf-8?" in world.messages("mail")[-1]["data"])

        world.tell("fail", service="smtp", recipient="gone@example.org", code=550, text="5.1.1 no such user")
        refused = client.send_message(mail(to="asha@example.org, gone@example.org"))
        check("smtp: one recipient of two is refused", refused == {"gone@example.org": (550, b"5.1.1 no such user")}, refused)
        check("smtp: ... the other gets it", world.messages("mail")[-1]["to"] == ["asha@example.org"])
        raises("smtp: all recipients refused", smtplib.SMTPRecipientsRefused, "5.1.1", lambda: client.send_message(mail(to="gone@example.org")))
        world.tell("fail", service="smtp", code=451, text="4.3.0 try later")
        raises("smtp: 451", smtplib.SMTPSenderRefused, "4.3.0", lambda: client.send_message(mail()))
        world.tell("fail", service="smtp", content=True, code=554, text="5.7.1 looks like spam")
        raises("smtp: content refused", smtplib.SMTPDataError, "5.7.1", lambda: client.send_message(mail()))

        def raw(data, options=()):
            return client.sendmail(user, ["a@example.org"], data, mail_options=options)

        before = len(world.messages("mail"))
        head = b"Subject: x\r\n\r\n"
        check("smtp: a line of 998 is taken", raw(head + b"x" * 998) == {})
        raises("smtp: a line of 999", smtplib.SMTPDataError, "998", lambda: raw(head + b"x" * 999))
        raises("smtp: a stuffed line of 999", smtplib.SMTPDataError, "998", lambda: raw(head + b"." + b"x" * 998))
        raises("smtp: 8-bit bytes unannounced", smtplib.SMTPDataError, "8BITMIME", lambda: raw(head + "é".encode()))
        check("smtp: 8-bit bytes announced", raw(head + "é".encode(), ["BODY=8BITMIME"]) == {})
        raises("smtp: 8-bit header", smtplib.SMTPDataError, "SMTPUTF8", lambda: raw("Subject: é\r\n\r\nx".encode(), ["BODY=8BITMIME"]))
        check("smtp: 8-bit header with SMTPUTF8", client.send_message(
            utf8_mail(), mail_options=["SMTPUTF8", "BODY=8BITMIME"]) == {})
        raises("smtp: unknown parameter", smtplib.SMTPSenderRefused, "555", lambda: raw(head, ["FOO=1"]))
        raises("smtp: too large", smtplib.SMTPSenderRefused, "too large", lambda: raw(head, [f"size={11 << 20}"]))
        check("smtp: only good mails were kept", len(world.messages("mail")) == before + 3)

        # smtplib mends line endings, so the rest is said by hand.
        say = client.docmd
        check("smtp: RCPT before MAIL", say("RCPT", "TO:<a@example.org>")[0] == 503)
        check("smtp: DATA before MAIL", say("DATA")[0] == 503)
        check("smtp: MAIL", say("MAIL", "FROM:<soc@example.org>")[0] == 250)
        check("smtp: MAIL twice", say("MAIL", "FROM:<soc@example.org>")[0] == 503)
        check("smtp: DATA without recipients", say("DATA")[0] == 554)
        check("smtp: no address", say("RCPT", "TO:<nobody>")[0] == 553)
        check("smtp: no brackets", say("RCPT", "TO: a@example.org")[0] == 501)
        check("smtp: RCPT", say("RCPT", "TO:<a@example.org>")[0] == 250)
        check("smtp: DATA", say("DATA")[0] == 354)
        client.send(b"Subject: x\r\n\r\nbare\nline feed\r\n.\r\n")
        code, words = client.getreply()
        check("smtp: bare line feed", code == 550 and b"5.6.11" in words, (code, words))
        check("smtp: RSET", client.rset()[0] == 250)
        check("smtp: NOOP", client.noop()[0] == 250)
        check("smtp: nonsense", say("FROB")[0] == 500)
        world.tell("fail", service="smtp", lose_answer=True)
        before = len(world.messages("mail"))
        raises("smtp: a lost answer is an error to the client", smtplib.SMTPServerDisconnected, "", lambda: raw(head))
        check("smtp: ... but the mail is there", len(world.messages("mail")) == before + 1)

    with smtplib.SMTP("localhost", starttls["port"], timeout=10) as client:
        raises("smtp: an unknown authority", ssl.SSLCertVerificationError, "verify failed",
               lambda: client.starttls(context=ssl.create_default_context()))
    with smtplib.SMTP("localhost", starttls["port"], timeout=10) as client:
        client.starttls(context=context(starttls))
        client.ehlo()
        client.user, client.password = user, word
        check("smtp: AUTH LOGIN", client.auth("LOGIN", client.auth_login)[0] == 235)
    with socket.create_connection(("127.0.0.1", starttls["port"]), timeout=10) as line:
        file = line.makefile("rwb")
        file.readline()
        file.write(b"EHLO x\r\n")
        file.flush()
        while file.readline()[3:4] == b"-":
            pass
        file.write(b"STARTTLS\r\nMAIL FROM:<a@example.org>\r\n")
        file.flush()
        check("smtp: commands smuggled behind STARTTLS", file.readline().startswith(b"501"))
    with smtplib.SMTP_SSL("127.0.0.1", tls["port"], timeout=10, context=context(tls)) as client:
        client.login(user, word)
        check("smtp: implicit TLS", client.send_message(mail(subject="over 465")) == {})
    kept = [each for each in world.messages("mail") if "Subject: over 465" in each["data"]]
    check("smtp: ... kept as such", [(each["tls"], each["login"]) for each in kept] == [(True, user)], kept)
    with smtplib.SMTP("localhost", plain["port"], timeout=10) as client:
        client.ehlo()
        check("smtp plain: no STARTTLS", not client.has_extn("starttls") and client.docmd("STARTTLS")[0] == 502)
        check("smtp plain: taken without login", client.send_message(mail()) == {})
        check("smtp plain: non-ASCII address needs SMTPUTF8",
              client.docmd("MAIL", "FROM:<soc@example.org>")[0] == 250 and rcpt_utf8(client) == 553)
        world.tell("fail", service="smtp_plain", code=421, text="4.3.2 closing")
        client.rset()
        raises("smtp: 421 closes", smtplib.SMTPException, "", lambda: (client.send_message(mail()), client.noop()))


def utf8_mail():
    message = EmailMessage(policy=SMTPUTF8)
    message["From"] = "soc@example.org"
    message["To"] = "asha@example.org"
    message["Subject"] = "é"
    message.set_content("x")
    return message


def rcpt_utf8(client):
    client.command_encoding = "utf-8"
    code = client.docmd("RCPT", "TO:<आशा@example.org>")[0]
    client.command_encoding = "ascii"
    return code


# NVD --------------------------------------------------------------------------


def nvd(world):
    """nvdlib writes NVD's address into its function: its `requests` is replaced
    by one that goes to the fake, in pages of three so that it must turn them,
    and its pauses between requests are left out."""

    def get(link, params, **rest):
        assert link == "https://services.nvd.nist.gov/rest/json/cves/2.0?", link
        if "resultsPerPage" not in params:
            params += "&resultsPerPage=3"
        return requests.get(world.nvd["url"] + "?", params=params.lstrip("&"), **rest)

    nvdlib.get.requests = SimpleNamespace(get=get, HTTPError=requests.HTTPError)
    nvdlib.get.time = SimpleNamespace(sleep=lambda seconds: None)
    search = nvdlib.cve.searchCVE

    everything = search()
    check("nvd: nvdlib turns all pages", len(everything) == len({cve.id for cve in everything}) == 7, everything)
    found = search(cveId="CVE-2026-41001", key=world.nvd["key"], delay=0.6)
    check("nvd: one CVE with its score", [(cve.id, cve.score) for cve in found] == [("CVE-2026-41001", ["V31", 9.8, "CRITICAL"])],
          [(cve.id, cve.score) for cve in found])
    check("nvd: nothing found", search(cveId="CVE-1999-0001") == [])
    check("nvd: keyword", [cve.id for cve in search(keywordSearch="Orbital traversal")] == ["CVE-2026-41377"])
    check("nvd: severity", {cve.id for cve in search(cvssV3Severity="MEDIUM")} == {f"CVE-2026-4141{n}" for n in range(3)})
    check("nvd: KEV", [cve.id for cve in search(hasKev=True)] == ["CVE-2026-41001"])
    check("nvd: rejected ones can be left out", len(search(noRejected=True)) == 6)
    world.tell("record", cve="CVE-2026-41600", description="new", base=7.5)
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    found = search(lastModStartDate=now - timedelta(hours=1), lastModEndDate=now + timedelta(minutes=1))
    check("nvd: a window of changes", [cve.id for cve in found] == ["CVE-2026-41600"], found)
    raises("nvd: wrong key", requests.HTTPError, "Invalid apiKey", lambda: search(key="wrong", delay=0.6))

    def status(params, **rest):
        answer = requests.get(world.nvd["url"], params=params, timeout=10, **rest)
        return answer.status_code, answer.headers.get("message", ""), len(answer.content)

    day = "2026-01-01T00:00:00.000"
    check("nvd: 120 days", status({"lastModStartDate": day, "lastModEndDate": "2026-05-01T00:00:00.000"})[0] == 200)
    refusals = {
        "121 days": {"lastModStartDate": day, "lastModEndDate": "2026-05-02T00:00:00.000"},
        "one end only": {"lastModStartDate": day},
        "the other end only": {"pubEndDate": day},
        "backwards": {"lastModStartDate": "2026-02-01T00:00:00.000", "lastModEndDate": day},
        "no date": {"lastModStartDate": "yesterday", "lastModEndDate": day},
        "page over 2000": {"resultsPerPage": "2001"},
        "no number": {"startIndex": "x"},
        "unknown parameter": {"apiKey": "in the query"},
    }
    for name, params in refusals.items():
        code, message, length = status(params)
        check(f"nvd: {name} is refused with 404 and a message", code == 404 and message and length == 0, (code, message, length))
    plus = f"lastModStartDate={day}%2B01:00&lastModEndDate=2026-01-02T00:00:00.000%2B01:00"
    check("nvd: an offset as %2B", status(plus)[0] == 200, status(plus))
    check("nvd: an offset as a bare +", status(plus.replace("%2B", "+"))[0] == 404)
    last = requests.get(world.nvd["url"], params={"startIndex": 6, "resultsPerPage": 3}, timeout=10).json()
    check("nvd: the last page", (last["startIndex"], last["totalResults"], last["resultsPerPage"]) == (6, 8, 2), last)
    for code in (403, 503, 524):
        world.tell("fail", service="nvd", status=code)
        raises(f"nvd: {code}", requests.HTTPError, str(code), lambda: search(cveId="CVE-2026-41001"))
    world.tell("fail", service="nvd", status=200, cut_short=True)
    raises("nvd: a body cut short", requests.exceptions.RequestException, "", lambda: search(cveId="CVE-2026-41001"))
    check("nvd: normal answers go on", len(search(cveId="CVE-2026-41001")) == 1)


# Feeds and KEV ----------------------------------------------------------------


def feeds(world):
    url = world.feed("world-news")
    feed = feedparser.parse(url)
    check("feed: RSS 2.0 without a fault", feed.version == "rss20" and not feed.bozo, feed.get("bozo_exception"))
    check("feed: every story has title, link, date and text",
          len(feed.entries) == 8 and all(e.title and e.link and e.published_parsed and e.summary for e in feed.entries))
    dates = [e.published_parsed for e in feed.entries]
    check("feed: newest first", dates == sorted(dates, reverse=True))
    again = feedparser.parse(url, etag=feed.etag)
    check("feed: 304 to its ETag", again.status == 304 and not again.entries, again.status)
    world.tell("publish", feed="world-news", title="Quartz & <Basalt> leak", text="<p>new</p>", url="https://world-news.example/new?a=1&b=2")
    again = feedparser.parse(url, etag=feed.etag)
    check("feed: a new story, a new ETag", again.status == 200 and again.entries[0].title == "Quartz & <Basalt> leak"
          and again.entries[0].link.endswith("?a=1&b=2"), again.entries[:1])
    check("feed: weak and listed tags count", requests.get(url, headers={"If-None-Match": f'"x", W/{again.etag}'}, timeout=10).status_code == 304)
    atom = feedparser.parse(world.feed("advisories"))
    check("feed: Atom without a fault", atom.version == "atom10" and not atom.bozo and len(atom.entries) == 3, atom.version)
    hindi = feedparser.parse(world.feed("india-news"))
    check("feed: Hindi survives", any("रैनसमवेयर" in e.title for e in hindi.entries))

    world.tell("publish", feed="india-news", title="Caf\u00e9 \u201cBean\u201d breached", text="x", url="https://india-news.example/cafe")

    def mood(**body):
        world.tell("mood", feed="india-news", **body)
        return requests.get(world.feed("india-news"), timeout=10, allow_redirects=False)

    answer = mood(mood="wrong_encoding")
    raises("feed: wrong encoding", UnicodeDecodeError, "utf-8", lambda: answer.content.decode("utf-8"))
    parsed = feedparser.parse(answer.content)
    check("feed: feedparser sees the wrong encoding", bool(parsed.bozo), parsed.bozo)
    answer = mood(mood="web_page")
    check("feed: a web page instead", answer.status_code == 200 and "text/html" in answer.headers["content-type"]
          and feedparser.parse(answer.content).version == "", answer.headers)
    answer = mood(mood="moved", to=url, status=308)
    check("feed: moved", answer.status_code == 308 and answer.headers["location"] == url, answer.headers)
    check("feed: feedparser follows", feedparser.parse(world.feed("india-news")).href == url)
    answer = mood(mood="too_many", after="120")
    check("feed: 429", (answer.status_code, answer.headers["retry-after"]) == (429, "120"))
    check("feed: gone", mood(mood="gone").status_code == 410)
    check("feed: down", mood(mood="down", status=502).status_code == 502)
    raises("feed: cut short", requests.exceptions.RequestException, "", lambda: mood(mood="cut_short"))
    check("feed: good again", mood(mood="good").status_code == 200)
    check("feed: one connection serves many requests", keeps_alive(url))


def keeps_alive(url):
    with requests.Session() as session:
        first = session.get(url, timeout=10, stream=True)
        port = first.raw.connection.sock.getsockname()
        first.content
        second = session.get(url, timeout=10, stream=True)
        return second.raw.connection.sock.getsockname() == port


def kev(world):
    first = requests.get(world.kev["url"], timeout=10)
    catalogue = first.json()
    entry = catalogue["vulnerabilities"][0]
    fields = {"cveID", "vendorProject", "product", "vulnerabilityName", "dateAdded", "shortDescription", "requiredAction",
              "dueDate", "knownRansomwareCampaignUse", "notes", "cwes"}
    check("kev: shaped like CISA's", set(entry) == fields and catalogue["count"] == 1
          and set(catalogue) == {"title", "catalogVersion", "dateReleased", "count", "vulnerabilities"}, catalogue)
    tag = {"If-None-Match": first.headers["etag"]}
    check("kev: 304 to its ETag", requests.get(world.kev["url"], headers=tag, timeout=10).status_code == 304)
    world.tell("change", cve=entry["cveID"], field="knownRansomwareCampaignUse", value="Known")
    changed = requests.get(world.kev["url"], headers=tag, timeout=10)
    check("kev: a silent change", changed.status_code == 200 and changed.json()["catalogVersion"] == catalogue["catalogVersion"]
          and changed.json()["vulnerabilities"][0]["knownRansomwareCampaignUse"] == "Known")
    world.tell("list", cve="CVE-2026-41377", vendor="Orbital", product="File Transfer")
    grown = requests.get(world.kev["url"], timeout=10).json()
    check("kev: a new entry comes first", grown["count"] == 2 and grown["vulnerabilities"][0]["cveID"] == "CVE-2026-41377"
          and grown["catalogVersion"] > catalogue["catalogVersion"])
    world.tell("fail", service="kev", status=503, retry_after=60)
    check("kev: 503", requests.get(world.kev["url"], timeout=10).headers["retry-after"] == "60")


def main():
    # The clients report each refusal that is provoked here.
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="slack_sdk")
    world = World(sys.argv[1])
    for prove in (slack, lambda world: asyncio.run(telegram_bot(world)), smtp, nvd, feeds, kev):
        try:
            prove(world)
        except Exception:
            traceback.print_exc()
            failed.append(str(prove))
    answer = requests.post(f"{world.control}/publish", json={"feed": "none"}, timeout=10)
    check("control: mistakes are told", answer.status_code == 400 and "no feed" in answer.json()["error"], answer.text)
    world.process.stdin.close()
    check("the world ends with its standard input", world.process.wait(timeout=10) == 0)
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
