//! Providers that end logins by password, and when (facts of November 2026).

use super::Smtp;

/// What an administrator should know who logs in with a password there.
const SERVERS: [(&[&str], &str); 3] = [
    (
        &[
            "smtp.office365.com",
            "smtp-mail.outlook.com",
            "outlook.office365.com",
        ],
        "Microsoft disables password logins by default from the end of December 2026, and for good at a \
         date to be announced in 2027; set auth-method to microsoft-oauth2",
    ),
    (
        &["smtp-hve.office365.com"],
        "Microsoft accepts password logins at this server until September 2028 only; set auth-method to \
         microsoft-oauth2 before",
    ),
    (
        &["smtp.gmail.com", "smtp.googlemail.com"],
        "Google accepts app passwords only, which end with each change of the account's password; set \
         auth-method to google-oauth2",
    ),
];

impl Smtp {
    /// That the provider ends logins as this target has one, and when.
    #[must_use]
    pub fn password_warning(&self) -> Option<&'static str> {
        if self.oauth2_method().is_some() || self.username.is_none() {
            return None;
        }
        let host = self.peer_of_grant().host();
        let known = SERVERS.iter().find(|(hosts, _)| hosts.contains(&&*host));
        known.map(|(_, warning)| *warning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_warned_about_where_they_end() {
        let warning = |server: &str, method: Option<&str>, username: Option<&str>| {
            let smtp = Smtp {
                server: server.to_owned(),
                auth_method: method.map(str::to_owned),
                username: username.map(str::to_owned),
                ..Smtp::default()
            };
            smtp.password_warning().unwrap_or_default()
        };
        let user = Some("pve@example.org");
        for (server, word) in [
            ("smtp.office365.com", "December 2026"),
            ("SMTP.Office365.COM.", "December 2026"),
            ("smtp-mail.outlook.com", "December 2026"),
            ("smtp-hve.office365.com", "September 2028"),
            ("smtp.gmail.com", "app passwords"),
        ] {
            for method in [None, Some("plain")] {
                assert!(warning(server, method, user).contains(word), "{server}");
            }
            assert_eq!(
                warning(server, Some("microsoft-oauth2"), user),
                "",
                "{server}"
            );
            assert_eq!(
                warning(server, None, None),
                "",
                "{server}: a relay by address"
            );
        }
        assert_eq!(warning("mail.example.org", None, user), "");
    }
}
