// SPDX-License-Identifier: Apache-2.0
//! mlTrainer from Rust.
//!
//! ```text
//! example keep SERVICE ID ADDRESS PORT   register an instance and keep it registered, until SIGINT or SIGTERM
//! example train FILE.csv TARGET          upload, train, follow the job, predict the last row
//! example watch SERVICE                  tell each change of a service's instances
//! ```
//!
//! The server is MLTRAINER_SERVER (127.0.0.1:50051), over TLS if MLTRAINER_CA names a file of certificates (with the
//! feature "tls"); MLTRAINER_TOKEN is sent.

mod execution;
mod registry;

use std::{env, error::Error, time::Duration};
use tonic::{
    metadata::AsciiMetadataValue,
    service::{interceptor::InterceptedService, Interceptor},
    transport::{Channel, Endpoint},
    Request, Status,
};

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;
pub type Service = InterceptedService<Channel, Token>;

pub const CALL_TIME: Duration = Duration::from_secs(10);
pub const JOB_TIME: Duration = Duration::from_secs(300);

/// Puts the token, if there is one, into each call.
#[derive(Clone)]
pub struct Token(Option<AsciiMetadataValue>);

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> std::result::Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

/// A request that is given up after a while.
pub fn timed<T>(message: T, limit: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(limit);
    request
}

fn connect() -> Result<Service> {
    let server = env::var("MLTRAINER_SERVER").unwrap_or_else(|_| "127.0.0.1:50051".into());
    let endpoint = match env::var("MLTRAINER_CA") {
        #[cfg(feature = "tls")]
        Ok(file) => {
            let authority = tonic::transport::Certificate::from_pem(std::fs::read(file)?);
            let tls = tonic::transport::ClientTlsConfig::new().ca_certificate(authority);
            Endpoint::from_shared(format!("https://{server}"))?.tls_config(tls)?
        }
        #[cfg(not(feature = "tls"))]
        Ok(_) => return Err("MLTRAINER_CA: built without the feature tls".into()),
        Err(_) => Endpoint::from_shared(format!("http://{server}"))?,
    };
    let token = match env::var("MLTRAINER_TOKEN") {
        Ok(token) => Some(format!("Bearer {token}").parse()?),
        Err(_) => None,
    };
    Ok(InterceptedService::new(endpoint.connect_lazy(), Token(token)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["keep", service, id, address, port] => registry::keep(connect()?, service, id, address, port.parse()?).await,
        ["train", file, target] => execution::train(connect()?, file, target).await,
        ["watch", service] => registry::watch(connect()?, service).await,
        _ => Err("usage: example keep SERVICE ID ADDRESS PORT | train FILE.csv TARGET | watch SERVICE".into()),
    }
}
