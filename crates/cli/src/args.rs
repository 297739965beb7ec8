//! What can be asked for; help, man page and completion are made from this.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

/// What stands below the options of the help.
const EXIT_STATUS: &str = "EXIT STATUS:
  0    done; of status: every login works; of doctor: nothing has failed
  1    the provider, the mail server or this machine failed
  2    the command line is wrong
  3    a target needs attention, or a setting or an answer is wrong
  4    another mailbox has consented: nothing was stored
  130  cancelled";

/// As pvesh has it.
const TEMPLATE: &str = "USAGE: {usage}\n\n{about-with-newline}\n{all-args}{after-help}";

/// Authorizes notification targets at Microsoft 365, Gmail and other OAuth2
/// providers, shows how their logins do, and keeps them alive.
#[derive(Debug, Parser)]
#[command(name = "pve-notify", version, term_width = 80, after_help = EXIT_STATUS, help_template = TEMPLATE)]
pub struct Options {
    /// Print JSON: one object for each event, one line each.
    #[arg(long, global = true)]
    pub json: bool,
    /// Folder of a notification host that is not installed (PVE_NOTIFY_HOST_DIR of its programs).
    #[arg(long, global = true, value_name = "DIR")]
    pub host_dir: Option<PathBuf>,
    #[command(subcommand)]
    #[expect(missing_docs, reason = "its own are")]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the first line of each is its help")]
pub enum Command {
    /// Let a person consent to the login of a target, and store the token.
    Authorize(Authorize),
    /// Show how the OAuth2 logins do.
    Status(Status),
    /// Examine a target step by step, without sending anything.
    Doctor(Doctor),
    /// Refresh the tokens that are due, as the daily run does.
    Refresh,
    /// Take the authorization of a target back, and delete its tokens.
    Revoke(Revoke),
    /// Show where the endpoints of a provider are, by its issuer.
    Discover(Discover),
    /// Exchange an authorization code for a refresh token, for scripts.
    Exchange(Exchange),
}

/// The options of `authorize`.
#[derive(Debug, Args)]
pub struct Authorize {
    /// Name of the target; not needed where only one asks for it.
    pub name: Option<String>,
    /// Take the answer from standard input, a line: the address to which the
    /// browser was led, its query, or the code.
    #[arg(long, conflicts_with = "device")]
    pub paste: bool,
    /// Consent on another device, with a code (Microsoft, custom-oauth2).
    #[arg(long)]
    pub device: bool,
    /// Redirect URI that is registered at the provider.
    #[arg(long, value_name = "URI", conflicts_with = "device")]
    pub redirect_uri: Option<String>,
    /// Store the token although another mailbox has consented.
    #[arg(long)]
    pub any_mailbox: bool,
    /// Send a test notification to the target afterwards.
    #[arg(long)]
    pub test: bool,
}

/// The options of `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Name of the target; all without it.
    pub name: Option<String>,
}

/// The options of `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Name of the target; all without it.
    pub name: Option<String>,
    /// Show what was said on the way, without secrets.
    #[arg(long)]
    pub transcript: bool,
}

/// The options of `revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Name of the target.
    pub name: String,
    /// Do not ask before.
    #[arg(long)]
    pub yes: bool,
    /// Delete the tokens here without telling the provider.
    #[arg(long)]
    pub here_only: bool,
}

/// The options of `discover`.
#[derive(Debug, Args)]
pub struct Discover {
    /// Issuer of the provider: an address that begins with https://.
    pub issuer: String,
}

/// The options of `exchange`; secrets come from files, or from standard input
/// where the file is `-`.
#[derive(Debug, Args)]
pub struct Exchange {
    /// Provider: google-oauth2, microsoft-oauth2, custom-oauth2 or another one
    /// that this machine knows.
    #[arg(long, value_name = "PROVIDER")]
    pub auth_method: String,
    /// Client ID of the application.
    #[arg(long, value_name = "ID")]
    pub client_id: String,
    /// File with the client secret; none for a public client.
    #[arg(long, value_name = "FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// Microsoft: the tenant.
    #[arg(long, value_name = "TENANT")]
    pub tenant_id: Option<String>,
    /// File with the authorization code.
    #[arg(long, value_name = "FILE")]
    pub authorization_code_file: PathBuf,
    /// Redirect URI with which the consent page was opened.
    #[arg(long, value_name = "URI")]
    pub redirect_uri: String,
    /// File with the PKCE code verifier.
    #[arg(long, value_name = "FILE")]
    pub code_verifier_file: Option<PathBuf>,
    /// With custom-oauth2: the token endpoint.
    #[arg(long, value_name = "URL")]
    pub token_url: Option<String>,
    /// With custom-oauth2: the scopes.
    #[arg(long, value_name = "SCOPES")]
    pub scopes: Option<String>,
    /// With custom-oauth2: basic, post or none.
    #[arg(long, value_name = "WAY")]
    pub client_auth: Option<String>,
}

/// The whole, for what is made from it.
#[must_use]
pub fn command() -> clap::Command {
    Options::command()
}
