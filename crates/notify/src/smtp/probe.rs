//! A conversation that sends nothing: it ends before DATA.

use super::session::Session;
use super::{Error, Login, Server, Step, auth};
use crate::deadline::Ends;
use crate::net::{Certificate, Trip};

/// A server that has greeted.
pub(crate) struct Probe {
    session: Session,
    ends: Ends,
}

impl Probe {
    /// Connects, begins TLS as the mode demands, and greets.
    pub(crate) fn open(
        trip: &Trip,
        server: &Server,
        login: &Login,
        ends: Ends,
    ) -> Result<Self, Error> {
        auth::check(server, login)?;
        let session = Session::open(trip, server, auth::redactor(login), ends)?;
        Ok(Self { session, ends })
    }

    /// The version and the suite of TLS.
    pub(crate) fn agreed(&self) -> Option<String> {
        self.session.agreed()
    }

    /// The server's certificate.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        self.session.certificate()
    }

    /// What the server can, as the end of a sentence.
    pub(crate) fn offers(&self) -> String {
        let offers = &self.session.extensions;
        let limit = offers.limit.map(|limit| format!("; at most {limit} bytes"));
        let before = self.session.before_tls.as_ref();
        let before = before.map(|names| format!(" (before TLS: {names})"));
        format!(
            "offers {}; AUTH {}{}{}",
            offers.names(),
            offers.mechanism_names(),
            before.unwrap_or_default(),
            limit.unwrap_or_default()
        )
    }

    /// Logs in; by which mechanism, if there was a login.
    pub(crate) fn login(
        &mut self,
        server: &Server,
        login: &Login,
    ) -> Result<Option<&'static str>, Error> {
        auth::login(&mut self.session, server, login)
    }

    /// Names a sender.
    pub(crate) fn sender(&mut self, from: &str) -> Result<(), Error> {
        self.command(Step::Mail, &format!("MAIL FROM:<{from}>\r\n"))
    }

    /// Names a recipient.
    pub(crate) fn recipient(&mut self, to: &str) -> Result<(), Error> {
        self.command(Step::Rcpt, &format!("RCPT TO:<{to}>\r\n"))
    }

    /// Leaves.
    pub(crate) fn close(self) {
        self.session.quit(self.ends.whole);
    }

    fn command(&mut self, step: Step, line: &str) -> Result<(), Error> {
        self.session.send(step, line.as_bytes())?;
        let reply = self.session.read(step)?;
        self.session.demand(reply, 2, step)
    }
}
