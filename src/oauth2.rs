//! OAuth2 methods of `PVE::RS::Notify`.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use notify::Secret;
    use notify::oauth2::CodeExchange;
    use serde::Deserialize;

    use crate::exception::Exception;
    use crate::object::Object;

    /// The trailing hash: what says where a provider is that nobody knows, `custom-oauth2`.
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    pub struct CustomProvider {
        token_url: Option<String>,
        scopes: Option<String>,
        client_auth: Option<String>,
    }

    /// Redeems an authorization code at the provider and returns the refresh token.
    ///
    /// Blocks for at most 20 seconds. Dies with `{ code, message }`: 400 for what the caller can
    /// mend, 502 and 504 for the provider or the way to it, 500 for this node.
    #[export(serialize_error)]
    #[allow(clippy::too_many_arguments)]
    pub fn exchange_smtp_oauth2_code(
        #[try_from_ref] this: &Object,
        auth_method: String,
        client_id: String,
        client_secret: Option<String>,
        tenant_id: Option<String>,
        authorization_code: String,
        redirect_uri: String,
        code_verifier: Option<String>,
        more: Option<CustomProvider>,
    ) -> Result<String, Exception> {
        let more = more.unwrap_or_default();
        let request = CodeExchange {
            auth_method,
            client_id,
            client_secret: Secret::new(client_secret.unwrap_or_default()),
            tenant_id,
            authorization_code: Secret::new(authorization_code),
            redirect_uri,
            code_verifier: code_verifier.map(Secret::new),
            token_url: more.token_url,
            scopes: more.scopes,
            client_auth: more.client_auth,
        };
        let refresh_token = this.exchange_code(&request)?;
        Ok(refresh_token.expose().to_owned())
    }
}
