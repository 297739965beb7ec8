//! Delivery through the public interface, against scripted peers and real processes.

#[path = "../exchange/peer.rs"]
#[allow(dead_code)]
mod peer;

mod alert;
mod alert_once;
mod alert_states;
mod at_once;
mod endings;
mod gotify;
mod greeting;
mod inherit;
mod mails;
mod mta;
mod pace;
mod provider_file;
mod proxy;
mod random;
mod real;
mod refused;
mod refused_login;
mod sendmail;
mod site;
mod slow;
mod smtp;
mod soak;
mod squid;
mod verdicts;
mod web;
mod webhook;
