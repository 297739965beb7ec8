//! What the providers remember: clients, browsers, codes, grants. All of it in memory, all bounded.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::Brand;
use super::assertion::Key;
use super::authorize::Asked;
use super::kept::Kept;
use super::login::Login;
use crate::entropy;

/// How long an access token is good for, unless an order says otherwise.
const ACCESS_LIFE: Duration = Duration::from_secs(3599);
/// The scopes that let a token send mail.
const MAIL_SCOPES: [&str; 3] = [
    "https://mail.google.com/",
    "https://outlook.office.com/SMTP.Send",
    APP_SCOPE,
];

/// What an application asks for that acts for itself at Microsoft: all that it was permitted.
pub const APP_SCOPE: &str = "https://outlook.office365.com/.default";
/// The words that stand for many tenants.
pub const MANY_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

/// How long a code, or a consent under way, is good for.
pub const SHORT_LIFE: Duration = Duration::from_secs(600);

pub struct Client {
    pub brand: Brand,
    pub id: String,
    pub secret: String,
    /// The tenant where the application is registered; empty where there are none.
    pub tenant: String,
    pub redirect_uris: Vec<String>,
}

/// A code; a spent one is kept, so that its replay is noticed.
pub struct Code {
    pub asked: Asked,
    /// What the person allowed.
    pub scopes: Vec<String>,
    pub refreshable: bool,
    /// The grant it was redeemed for.
    pub spent_for: Option<u64>,
}

/// What the person granted a client, for as long as nobody revokes it.
pub struct Grant {
    pub client_id: String,
    pub scopes: Vec<String>,
    pub revoked: bool,
    /// The refresh token handed out last, if there is one.
    pub newest: Option<String>,
}

/// A consent on another device, by its device code.
pub struct Device {
    pub client_id: String,
    pub scopes: Vec<String>,
    pub user_code: String,
    pub decision: Option<bool>,
    /// When it was asked about last.
    pub asked: Option<Duration>,
    /// What must lie between two questions.
    pub interval: Duration,
}

pub struct Store {
    pub clients: Vec<Client>,
    /// Where this sandbox is.
    pub url: String,
    /// What it calls itself in Google's place.
    pub google: String,
    pub login: String,
    pub password: String,
    /// Browsers by their cookie, with whether the person has logged in there.
    pub browsers: Kept<String, bool>,
    /// Consents under way, by their id, with the browser they belong to.
    pub consents: Kept<String, (String, Asked)>,
    pub codes: Kept<String, Code>,
    pub devices: Kept<String, Device>,
    pub grants: Kept<u64, Grant>,
    /// The grant of each refresh token, spent ones too.
    pub refresh_tokens: Kept<String, u64>,
    /// The scopes of each access token that was given out.
    pub access_tokens: Kept<String, Vec<String>>,
    /// The clients the person has allowed before.
    pub allowed: HashSet<String>,
    /// How far the clock was put forward.
    pub advanced: Duration,
    /// How long an access token is good for.
    pub access_life: Duration,
    /// How applications may log in.
    pub login_rule: Login,
    /// The keys that are registered.
    pub keys: Vec<Key>,
    /// The numbers of the statements that were taken: each is good once.
    pub statements: Kept<String, ()>,
    started: Instant,
    grant_count: u64,
}

impl Store {
    pub fn new(url: &str, clients: Vec<Client>) -> Self {
        Self {
            clients,
            url: url.to_owned(),
            google: format!("{url}/google"),
            login: "admin@example.org".into(),
            password: entropy::uuid(),
            browsers: Kept::default(),
            consents: Kept::default(),
            codes: Kept::default(),
            devices: Kept::default(),
            grants: Kept::default(),
            refresh_tokens: Kept::default(),
            access_tokens: Kept::default(),
            allowed: HashSet::new(),
            advanced: Duration::ZERO,
            access_life: ACCESS_LIFE,
            login_rule: Login::default(),
            keys: Vec::new(),
            statements: Kept::default(),
            started: Instant::now(),
            grant_count: 0,
        }
    }

    /// Time since the start; tests can put it forward.
    pub fn now(&self) -> Duration {
        self.started.elapsed().saturating_add(self.advanced)
    }

    pub fn client(&self, brand: Brand, id: &str) -> Option<&Client> {
        self.clients
            .iter()
            .find(|client| client.brand == brand && client.id == id)
    }

    /// The tenant's id: the sandbox has one tenant, known by its id and by its domain name.
    /// The words that stand for many tenants are left as they are.
    pub fn tenant(&self, name: &str) -> Option<String> {
        let id = self
            .clients
            .iter()
            .map(|c| &c.tenant)
            .find(|tenant| !tenant.is_empty())?;
        match name {
            many if MANY_TENANTS.contains(&many) => Some(name.into()),
            "example.org" => Some(id.clone()),
            other => (other == id).then(|| id.clone()),
        }
    }

    /// Whether an access token is known, fresh, and good for mail.
    pub fn opens_mail(&self, token: &str) -> bool {
        let token = token.to_owned();
        let is_fresh = self
            .access_tokens
            .age(&token, self.now())
            .is_some_and(|age| age < self.access_life);
        let scopes = self.access_tokens.get(&token);
        let mut scopes = scopes.into_iter().flatten();
        is_fresh && scopes.any(|scope| MAIL_SCOPES.contains(&scope.as_str()))
    }

    /// Takes back all that the person has granted, as on the provider's page for that.
    pub fn revoke(&mut self) {
        for grant in self.grants.values_mut() {
            grant.revoked = true;
        }
        self.access_tokens = Kept::default();
    }

    pub fn add_grant(&mut self, grant: Grant) -> u64 {
        self.grant_count += 1;
        let now = self.now();
        self.grants.insert(self.grant_count, grant, now);
        self.grant_count
    }
}
