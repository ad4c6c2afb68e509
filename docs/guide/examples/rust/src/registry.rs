// SPDX-License-Identifier: Apache-2.0
use crate::{timed, Result, Service, CALL_TIME};
use mltrainer::registry::v1::{
    registry_service_client::RegistryServiceClient, watch_response::Body, DeregisterRequest, Endpoint, HealthState,
    HeartbeatRequest, HeartbeatStreamRequest, Instance, InstanceKey, RegisterRequest, WatchRequest,
};
use std::time::{Duration, SystemTime};
use tokio::signal::unix::{signal, SignalKind};
use tonic::{Code, Status};

type Registry = RegistryServiceClient<Service>;

/// Register an instance and hold it: a restart, an outage or a deregistration by somebody else makes it register again.
/// Deregisters when the process is asked to end.
pub async fn keep(service: Service, name: &str, id: &str, address: &str, port: u32) -> Result<()> {
    let mut registry = Registry::new(service);
    let key = InstanceKey { service: name.into(), id: id.into(), ..Default::default() };
    let instance = Instance {
        key: Some(key.clone()),
        endpoints: vec![Endpoint { address: address.into(), port, ..Default::default() }],
        lease_ttl: Some(prost_types::Duration { seconds: 10, nanos: 0 }),
        ..Default::default()
    };
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let hold = async {
        loop {
            if let Err(status) = registered(registry.clone(), &instance).await {
                println!("lost: {}", status.message());
            }
            tokio::time::sleep(Duration::from_millis(100 + jitter(900))).await;
        }
    };
    tokio::select! { _ = hold => (), _ = interrupt.recv() => (), _ = terminate.recv() => () }
    match registry.deregister(timed(DeregisterRequest { key: Some(key), ..Default::default() }, CALL_TIME)).await {
        Err(status) if status.code() != Code::NotFound => return Err(status.into()), // the end of the stream may have been enough
        _ => println!("deregistered {name}/{id}"),
    }
    Ok(())
}

/// Below @limit; to spread clients, not to keep secrets.
fn jitter(limit: u64) -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| u64::from(since.subsec_micros()) % limit)
}

/// Register once, and send heartbeats until they fail.
async fn registered(mut registry: Registry, instance: &Instance) -> std::result::Result<(), Status> {
    let request = RegisterRequest { instance: Some(instance.clone()), expected_revision: None };
    let reply = registry.register(timed(request, CALL_TIME)).await?.into_inner();
    let key = instance.key.clone().unwrap_or_default();
    let incarnation = reply.instance.map_or(0, |stored| stored.incarnation);
    println!("registered {}/{}, incarnation {incarnation}", key.service, key.id);
    let interval = reply.heartbeat_interval.and_then(|d| d.try_into().ok()).unwrap_or(Duration::from_secs(3));
    let heartbeat = HeartbeatRequest { key: Some(key), incarnation, ..Default::default() };
    let heartbeats = async_stream::stream! {
        loop {
            yield HeartbeatStreamRequest { heartbeat: Some(heartbeat.clone()), expire_on_disconnect: true };
            tokio::time::sleep(interval).await;
        }
    };
    let mut answers = registry.heartbeat_stream(heartbeats).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        if answer.code != 0 {
            return Err(Status::new(Code::from(answer.code), answer.text));
        }
    }
    Err(Status::unavailable("the stream ended"))
}

/// Tell the changes of a service's instances as they happen.
pub async fn watch(service: Service, name: &str) -> Result<()> {
    let request = WatchRequest { service: name.into(), ..Default::default() };
    let mut changes = Registry::new(service).watch(request).await?.into_inner();
    while let Some(message) = changes.message().await? {
        match message.body {
            Some(Body::Snapshot(snapshot)) => snapshot.instances.iter().for_each(|instance| tell("present", instance)),
            Some(Body::Changes(changes)) => {
                for change in &changes.changes {
                    let kind = word(change.kind().as_str_name(), "CHANGE_KIND_");
                    change.instance.iter().for_each(|instance| tell(&kind, instance));
                }
            }
            _ => (),
        }
    }
    Ok(())
}

fn tell(what: &str, instance: &Instance) {
    let state = instance.status.as_ref().map_or(HealthState::Unspecified, |status| status.state());
    println!("{what} {} {}", instance.key.as_ref().map_or("", |key| &key.id), word(state.as_str_name(), "HEALTH_STATE_"));
}

pub fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase()
}
