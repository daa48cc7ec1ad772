//! One way to call AWS: an operation of the table with its parameters in, its answer as JSON out.
//!
//! Signing, retries with back-off, time-outs, connections and credentials are those of AWS's own SDK
//! runtime. What its generated clients would add is the shape of each answer, of which little is read
//! here, at the price of a crate a service; the wire protocols are four.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_http_client::{Builder, Connector, proxy::ProxyConfig, tls};
use aws_smithy_runtime::client::orchestrator::operation::Operation as Orchestrated;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use serde_json::Value;

use super::failure::{Failure, Kind};
use super::operation::{self, Operation};
use super::service::{self, Protocol};
use super::wire;

/// How to reach an account.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The profile of the AWS configuration files; otherwise as the AWS CLI chooses.
    pub profile: Option<String>,
    /// The region; otherwise as the AWS CLI chooses.
    pub region: Option<String>,
    /// A role to assume first.
    pub role_arn: Option<String>,
    /// The external id to assume it with.
    pub external_id: Option<String>,
}

/// A connection to an account: credentials, region, and how to call.
#[derive(Debug)]
pub struct Client {
    runtime: tokio::runtime::Runtime,
    config: SdkConfig,
    http: SharedHttpClient,
    region: String,
    /// Whether the region was chosen by somebody, rather than taken for want of one.
    region_chosen: bool,
    /// Where buckets are, as far as S3 has said so.
    bucket_regions: Mutex<BTreeMap<String, String>>,
}

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) operation: &'static Operation,
    /// Parameters as the API names them.
    pub(super) parameters: Value,
    /// Path and query, percent-encoded, for the protocols that have them: `/policy/validation`.
    pub(super) path: String,
    /// The region, where it is not the client's.
    pub(super) region: Option<String>,
    /// A host in place of the service's own; S3 has one a bucket.
    pub(super) bucket: Option<String>,
    /// On what, for messages: a name or an ARN.
    pub(super) on: Option<String>,
}

impl Call {
    pub(super) fn new(operation: &'static Operation, parameters: Value) -> Self {
        Self {
            operation,
            parameters,
            path: "/".to_owned(),
            region: None,
            bucket: None,
            on: None,
        }
    }

    pub(super) fn on(mut self, on: impl Into<String>) -> Self {
        self.on = Some(on.into());
        self
    }

    pub(super) fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    pub(super) fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(header, _)| header.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// What came of sending a request once.
enum Sent {
    /// The service carried it out.
    Answered(Answer),
    /// The bucket is in this region.
    Moved(String, Failure),
}

/// A refusal or failure that the service answered with.
#[derive(Debug)]
struct Refused {
    status: u16,
    /// Where S3 says that the bucket is.
    bucket_region: Option<String>,
    meta: ErrorMetadata,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.meta)
    }
}

impl std::error::Error for Refused {}

impl ProvideErrorMetadata for Box<Refused> {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

const CONNECT: Duration = Duration::from_secs(5);
/// Nothing is waited for longer: the slowest answer read is a page of authorization details.
const ATTEMPT: Duration = Duration::from_secs(90);
/// A webhook that does not answer by then is not waited for.
const WEBHOOK: Duration = Duration::from_secs(15);
/// Where nobody names a region, for the services that are the same everywhere.
const ANY_REGION: &str = "us-east-1";

impl Client {
    /// Finds region and configuration as the AWS CLI does. Credentials are looked for with the first call.
    ///
    /// # Errors
    /// A sentence: what is wrong on this machine.
    pub fn connect(settings: &Settings) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| format!("no threads can be started: {error}"))?;
        let http = http_client()?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone());
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let mut config = runtime.block_on(loader.load());
        let region = config.region().map(|region| region.as_ref().to_owned());
        let region_chosen = region.is_some();
        let region = region.unwrap_or_else(|| ANY_REGION.to_owned());
        if let Some(role) = &settings.role_arn {
            let mut builder = aws_config::sts::AssumeRoleProvider::builder(role)
                .session_name("leastgrant")
                .region(Region::new(region.clone()))
                .configure(&config);
            if let Some(external_id) = &settings.external_id {
                builder = builder.external_id(external_id);
            }
            let provider = runtime.block_on(builder.build());
            config = config
                .to_builder()
                .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
                    provider,
                ))
                .build();
        }
        Ok(Self {
            runtime,
            config,
            http,
            region,
            region_chosen,
            bucket_regions: Mutex::default(),
        })
    }

    /// The region that is asked unless a call names another.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Whether somebody chose it.
    pub fn region_chosen(&self) -> bool {
        self.region_chosen
    }

    /// From now on, whether somebody asked the program to stop (Ctrl-C, SIGTERM): it does not end by itself
    /// any more.
    pub fn interrupted(&self) -> Arc<AtomicBool> {
        let told = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&told);
        self.runtime.spawn(async move {
            #[cfg(unix)]
            {
                use tokio::signal::unix::{SignalKind, signal};
                if let Ok(mut end) = signal(SignalKind::terminate()) {
                    let also = Arc::clone(&seen);
                    tokio::spawn(async move {
                        while end.recv().await.is_some() {
                            also.store(true, Ordering::SeqCst);
                        }
                    });
                }
            }
            while tokio::signal::ctrl_c().await.is_ok() {
                seen.store(true, Ordering::SeqCst);
            }
        });
        told
    }

    /// Sends JSON to a webhook, once and unsigned.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn post(&self, url: &str, body: &Value) -> Result<(), String> {
        let after_scheme = url.find("://").map_or(0, |at| at + 3);
        let rest = url.get(after_scheme..).unwrap_or_default();
        let host = after_scheme + rest.find(['/', '?']).unwrap_or(rest.len());
        let (origin, path) = url.split_at_checked(host).unwrap_or((url, ""));
        let path = if path.is_empty() { "/" } else { path };
        let built = wire::post(path, body);
        let orchestrated = Orchestrated::builder()
            .service_name("webhook")
            .operation_name("post")
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .endpoint_url(origin)
            .no_retry()
            .no_auth()
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(WEBHOOK)
                    .build(),
            )
            .serializer(move |()| Ok(built.clone().into()))
            .deserializer(|response: &HttpResponse| read(&operation::GET_CALLER_IDENTITY, response))
            .build();
        match self.runtime.block_on(orchestrated.invoke(())) {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(context)) => Err(format!("HTTP {}", context.err().status)),
            Err(error) => Err(unanswered(&operation::GET_CALLER_IDENTITY, &error).message),
        }
    }

    /// Waits.
    pub fn sleep(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    /// The answer as JSON: what the service's API calls its result.
    ///
    /// # Errors
    /// [`Failure`], after retries.
    pub(super) fn call(&self, call: &Call) -> Result<Value, Failure> {
        let answer = self.raw(call)?;
        wire::result(call.operation, &answer).map_err(|why| {
            let failure = Failure::new(call.operation, Kind::Garbled, "", &why);
            self.placed(failure, call)
        })
    }

    /// The answer as bytes.
    ///
    /// # Errors
    /// [`Failure`], after retries.
    pub(super) fn raw(&self, call: &Call) -> Result<Answer, Failure> {
        let mut call = Cow::Borrowed(call);
        if let Some(region) = call.bucket.as_ref().and_then(|bucket| self.bucket_region(bucket)) {
            call.to_mut().region = Some(region);
        }
        loop {
            match self.send(&call) {
                // S3 tells where the bucket is.
                Ok(Sent::Moved(region, failure)) => {
                    if call.region.as_ref() == Some(&region) {
                        return Err(self.placed(failure, &call));
                    }
                    if let Some(bucket) = &call.bucket {
                        let mut known = self.bucket_regions.lock().unwrap_or_else(PoisonError::into_inner);
                        known.insert(bucket.clone(), region.clone());
                    }
                    call.to_mut().region = Some(region);
                }
                Ok(Sent::Answered(answer)) => return Ok(answer),
                Err(failure) => return Err(self.placed(failure, &call)),
            }
        }
    }

    fn bucket_region(&self, bucket: &str) -> Option<String> {
        let known = self.bucket_regions.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(bucket).cloned()
    }

    fn placed(&self, mut failure: Failure, call: &Call) -> Failure {
        failure.on.clone_from(&call.on);
        failure.region = Some(call.region.clone().unwrap_or_else(|| self.region.clone()));
        failure
    }

    fn send(&self, call: &Call) -> Result<Sent, Failure> {
        let Some(credentials) = self.config.credentials_provider() else {
            return Err(Failure::new(call.operation, Kind::NoCredentials, "", ""));
        };
        let endpoint = self.endpoint(call);
        let service = call.operation.service;
        let s3 = service.protocol == Protocol::RestXml;
        let mut options = SigningOptions::default();
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
        options.double_uri_encode = !s3;
        options.normalize_uri_path = !s3;
        options.content_sha256_header = s3;
        let mut layer = Layer::new("leastgrant");
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(SigV4OperationSigningConfig {
            region: Some(SigningRegion::from(Region::new(endpoint.signing_region.clone()))),
            name: Some(SigningName::from(service.signing)),
            signing_options: options,
            ..SigV4OperationSigningConfig::default()
        });
        let mut components = RuntimeComponentsBuilder::new("leastgrant")
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])));
        components.set_identity_resolver(SCHEME_ID, credentials);
        components.set_identity_cache(self.config.identity_cache());
        let plugin = StaticRuntimePlugin::new()
            .with_config(layer.freeze())
            .with_runtime_components(components);
        let built = wire::request(call);
        let operation = call.operation;
        let mut builder = Orchestrated::builder()
            .service_name(service.id)
            .operation_name(operation.name)
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .endpoint_url(&endpoint.url)
            .standard_retry(&self.retries(operation))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT)
                    .operation_attempt_timeout(ATTEMPT)
                    .build(),
            )
            .retry_classifier(AwsErrorCodeClassifier::<Box<Refused>>::default())
            .runtime_plugin(plugin);
        if !operation.writes {
            builder = builder
                .retry_classifier(HttpStatusCodeClassifier::default())
                .retry_classifier(TransientErrorClassifier::<Box<Refused>>::new());
        }
        let orchestrated = builder
            .serializer(move |()| Ok(built.clone().into()))
            .deserializer(move |response: &HttpResponse| read(operation, response))
            .build();
        match self.runtime.block_on(orchestrated.invoke(())) {
            Ok(answer) => Ok(Sent::Answered(answer)),
            Err(SdkError::ServiceError(context)) => {
                let refused = context.into_err();
                let region = moved(&refused);
                let (code, message) = (refused.meta.code(), refused.meta.message());
                let (code, message) = (code.unwrap_or_default(), message.unwrap_or_default());
                let failure = Failure::answered(operation, refused.status, code, message);
                match region {
                    Some(region) => Ok(Sent::Moved(region, failure)),
                    None => Err(failure),
                }
            }
            Err(error) => Err(unanswered(operation, &error)),
        }
    }

    fn retries(&self, operation: &Operation) -> RetryConfig {
        let configured = self.config.retry_config().cloned();
        let retries = configured.unwrap_or_else(RetryConfig::standard);
        // LookupEvents takes two calls a second and account: other callers use them up as well.
        if *operation == operation::LOOKUP_EVENTS {
            let attempts = retries.max_attempts().max(8);
            return retries.with_max_attempts(attempts);
        }
        retries
    }

    /// Where a call goes: what the environment or the configuration says, else AWS's own endpoint.
    fn endpoint(&self, call: &Call) -> service::Endpoint {
        let service = call.operation.service;
        let region = call.region.as_deref().unwrap_or(&self.region);
        let own = service::endpoint(
            service,
            region,
            self.config.use_fips().unwrap_or(false),
            self.config.use_dual_stack().unwrap_or(false),
        );
        let env = format!("AWS_ENDPOINT_URL_{}", service.id.to_ascii_uppercase());
        let key = ServiceConfigKey::builder()
            .service_id(service.id)
            .env(&env)
            .profile("endpoint_url")
            .build()
            .ok();
        let configured = key
            .and_then(|key| self.config.service_config()?.load_config(key))
            .or_else(|| self.config.endpoint_url().map(str::to_owned));
        let Some(url) = configured else {
            return match &call.bucket {
                Some(bucket) => service::Endpoint {
                    url: wire::bucket_url(&own.url, bucket, true),
                    ..own
                },
                None => own,
            };
        };
        let url = url.trim_end_matches('/').to_owned();
        service::Endpoint {
            url: match &call.bucket {
                Some(bucket) => wire::bucket_url(&url, bucket, false),
                None => url,
            },
            ..own
        }
    }
}

/// S3 answers 301 or 400 with the region where the bucket is
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingRouting.html>).
fn moved(refused: &Refused) -> Option<String> {
    let codes = [
        "PermanentRedirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
    ];
    let code = refused.meta.code().unwrap_or_default();
    let redirected = refused.status == 301 || codes.contains(&code);
    refused.bucket_region.clone().filter(|_| redirected)
}

fn read(
    operation: &'static Operation,
    response: &HttpResponse,
) -> Result<Answer, OrchestratorError<Box<Refused>>> {
    let answer = Answer {
        status: response.status().as_u16(),
        headers: response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: response.body().bytes().map(<[u8]>::to_vec).unwrap_or_default(),
    };
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let (code, message) = wire::error(operation, &answer);
    let meta = ErrorMetadata::builder().code(code).message(message).build();
    Err(OrchestratorError::operation(Box::new(Refused {
        status: answer.status,
        bucket_region: answer.header("x-amz-bucket-region").map(str::to_owned),
        meta,
    })))
}

/// What is to be said where no service answered. Nothing of the request goes into it: its headers hold the
/// signature.
fn unanswered(operation: &'static Operation, error: &SdkError<Box<Refused>, HttpResponse>) -> Failure {
    let mut chain = Vec::new();
    let mut source: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(cause) = source {
        let said = cause.to_string();
        if !chain.contains(&said) {
            chain.push(said);
        }
        source = cause.source();
    }
    let said = chain.join(": ");
    if said.contains("no credentials found in chain") {
        return Failure::new(operation, Kind::NoCredentials, "", "");
    }
    let kind = match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) if said.contains("credentials") => {
            Kind::Credentials
        }
        SdkError::TimeoutError(_) => Kind::Unreachable,
        SdkError::ConstructionFailure(_) => Kind::NoCredentials,
        SdkError::DispatchFailure(failure) if failure.is_other() && said.contains("credential") => {
            Kind::NoCredentials
        }
        SdkError::DispatchFailure(_) => Kind::Unreachable,
        SdkError::ResponseError(_) => Kind::Garbled,
        _ => Kind::Other,
    };
    Failure::new(operation, kind, "no answer", &said)
}

fn http_client() -> Result<SharedHttpClient, String> {
    let mut trust = tls::TrustStore::default();
    if let Some(bundle) = super::environment("AWS_CA_BUNDLE") {
        let pem = super::bytes_of(&bundle).map_err(|why| format!("AWS_CA_BUNDLE: {bundle}: {why}"))?;
        trust = trust.with_pem_certificate(pem);
    }
    let context = tls::TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| format!("certificates cannot be used: {error}"))?;
    Ok(
        Builder::new().build_with_connector_fn(move |settings, components| {
            let mut builder = Connector::builder().proxy_config(ProxyConfig::from_env());
            if let Some(settings) = settings {
                builder = builder.connector_settings(settings.clone());
            }
            builder.set_sleep_impl(
                components.and_then(
                    aws_smithy_runtime_api::client::runtime_components::RuntimeComponents::sleep_impl,
                ),
            );
            builder
                .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
                .tls_context(context.clone())
                .build()
        }),
    )
}
