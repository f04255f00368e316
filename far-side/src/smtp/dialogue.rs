//! One client, from its greeting to its end.
//!
//! Invariant: what was ordered for a stage happens at that stage, once for each time that it is reached.
//!
//! How to get it wrong: asking for a rule twice at one stage. It would be used up by half of a failure.

use std::io;
use std::sync::Arc;

use chrono::Utc;
use tokio::net::TcpStream;

use super::login;
use super::wire::Wire;
use crate::far_side::Shared;
use crate::got::{Mail, Session};
use crate::rules::{Reception, Stage};

/// Why a dialogue is over.
enum Over {
    /// Orderly, or the client left.
    Closed,
    /// To be reset.
    Cut,
}

impl From<io::Error> for Over {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

struct Dialogue {
    shared: Arc<Shared>,
    wire: Wire,
    /// Which of the sessions this one is, since it began; what arrived may be forgotten meanwhile.
    said: Vec<String>,
    began: chrono::DateTime<Utc>,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

/// Serves one client.
pub(crate) async fn session(shared: Arc<Shared>, stream: TcpStream) {
    let began = Utc::now();
    shared.state().got.sessions.push(Session { at: began, said: Vec::new() });
    let wire = Wire::new(stream);
    let mut dialogue = Dialogue { shared, wire, said: Vec::new(), began, user: None, from: None, to: Vec::new() };
    match dialogue.run().await {
        Over::Cut => dialogue.wire.cut(),
        Over::Closed => {}
    }
}

impl Dialogue {
    async fn run(&mut self) -> Over {
        match self.talk().await {
            Ok(()) => Over::Closed,
            Err(over) => over,
        }
    }

    async fn talk(&mut self) -> Result<(), Over> {
        if !self.pass(Stage::Greeting, &[]).await? {
            return Ok(());
        }
        self.wire.say("220 far-side ESMTP").await?;
        while let Some(line) = self.wire.line().await? {
            let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            self.note(&line, &verb);
            match verb.as_str() {
                "EHLO" => self.wire.say("250-far-side\n250-8BITMIME\n250-SMTPUTF8\n250 AUTH PLAIN LOGIN").await?,
                "HELO" | "NOOP" => self.wire.say("250 far-side").await?,
                "RSET" => {
                    (self.from, self.to) = (None, Vec::new());
                    self.wire.say("250 2.0.0 forgotten").await?;
                }
                "AUTH" => self.login(argument).await?,
                "MAIL" => self.from(argument).await?,
                "RCPT" => self.to(argument).await?,
                "DATA" => self.data().await?,
                "QUIT" => return Ok(self.wire.say("221 2.0.0 bye").await?),
                _ => self.wire.say("502 5.5.1 not known here").await?,
            }
        }
        Ok(())
    }

    /// Does what was ordered for this stage; true: goes on.
    async fn pass(&mut self, stage: Stage, addresses: &[String]) -> Result<bool, Over> {
        let reception = self.shared.state().rules.reception_at(stage, addresses);
        match reception {
            None => Ok(true),
            Some(Reception::Refuse(code, text)) => {
                self.wire.say(&format!("{code} {text}")).await?;
                Ok(false)
            }
            Some(Reception::Stall) => {
                // Until the client is gone, whatever it says meanwhile.
                while self.wire.line().await?.is_some() {}
                Err(Over::Closed)
            }
            Some(Reception::Cut) => Err(Over::Cut),
        }
    }

    fn note(&mut self, line: &str, verb: &str) {
        let kept = if verb == "AUTH" { line.split(' ').take(2).collect::<Vec<_>>().join(" ") } else { line.to_owned() };
        self.said.push(kept);
        let began = self.began;
        let mut state = self.shared.state();
        if let Some(session) = state.got.sessions.iter_mut().rev().find(|session| session.at == began) {
            session.said.clone_from(&self.said);
        }
    }

    async fn login(&mut self, argument: &str) -> Result<(), Over> {
        let given = login::read(&mut self.wire, argument).await?;
        if !self.pass(Stage::Auth, &[]).await? {
            return Ok(());
        }
        let is_good = |given: &&(String, String)| self.shared.login.as_ref().is_none_or(|login| login == *given);
        let Some((user, _)) = given.as_ref().filter(is_good) else {
            return Ok(self.wire.say("535 5.7.8 wrong user or password").await?);
        };
        self.user = Some(user.clone());
        Ok(self.wire.say("235 2.7.0 welcome").await?)
    }

    async fn from(&mut self, argument: &str) -> Result<(), Over> {
        if self.shared.login.is_some() && self.user.is_none() {
            return Ok(self.wire.say("530 5.7.0 say who you are first").await?);
        }
        if !self.pass(Stage::From, &[]).await? {
            return Ok(());
        }
        (self.from, self.to) = (Some(address(argument)), Vec::new());
        Ok(self.wire.say("250 2.1.0 sender ok").await?)
    }

    async fn to(&mut self, argument: &str) -> Result<(), Over> {
        if self.from.is_none() {
            return Ok(self.wire.say("503 5.5.1 MAIL first").await?);
        }
        let address = address(argument);
        if self.pass(Stage::To, std::slice::from_ref(&address)).await? {
            self.to.push(address);
            self.wire.say("250 2.1.5 recipient ok").await?;
        }
        Ok(())
    }

    async fn data(&mut self) -> Result<(), Over> {
        if self.to.is_empty() {
            return Ok(self.wire.say("503 5.5.1 RCPT first").await?);
        }
        let to = std::mem::take(&mut self.to);
        if !self.pass(Stage::Data, &to).await? {
            return Ok(());
        }
        self.wire.say("354 end with a lone dot").await?;
        let Some(raw) = self.wire.mail().await? else { return Err(Over::Closed) };
        let from = self.from.take().unwrap_or_default();
        let mut mail = Mail { at: Utc::now(), is_taken: true, user: self.user.clone(), from, to, raw };
        let reception = self.shared.state().rules.reception_at(Stage::End, &mail.to);
        mail.is_taken = reception.is_none();
        let is_refused = matches!(reception, Some(Reception::Refuse(..)));
        if !is_refused {
            self.shared.state().got.mails.push(mail);
        }
        match reception {
            None => Ok(self.wire.say("250 2.0.0 taken").await?),
            Some(Reception::Refuse(code, text)) => Ok(self.wire.say(&format!("{code} {text}")).await?),
            Some(Reception::Stall) => {
                while self.wire.line().await?.is_some() {}
                Err(Over::Closed)
            }
            Some(Reception::Cut) => Err(Over::Cut),
        }
    }
}

/// `FROM:<a@example.com> SIZE=12` → `a@example.com`
fn address(argument: &str) -> String {
    let inside = argument.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(argument, |(address, _)| address).to_owned()
}
