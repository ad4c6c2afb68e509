// SPDX-License-Identifier: Apache-2.0
use crate::{registry::word, timed, Result, Service, CALL_TIME, JOB_TIME};
use mltrainer::execution::v1::{
    column::Values, data_reference::Data, execution_service_client::ExecutionServiceClient, job_event::Event, job_spec::Work,
    train_spec::Columns, upload_dataset_request::Message, ColumnSelection, DataReference, JobResult, JobSpec, JobState,
    PredictRequest, SubmitJobRequest, TrainSpec, UploadDatasetHeader, UploadDatasetRequest, WatchJobRequest,
};
use tokio::{fs::File, io::AsyncReadExt};

type Execution = ExecutionServiceClient<Service>;

/// Upload a file, train ridge on it, follow the job and predict the last row.
pub async fn train(service: Service, path: &str, target: &str) -> Result<()> {
    let mut execution = Execution::new(service);
    let data = upload(&mut execution, path).await?;
    let selection = ColumnSelection { target_column: target.into(), ..Default::default() };
    let work = Work::Train(TrainSpec {
        model: "ridge".into(),
        data: Some(data.clone()),
        columns: Some(Columns::Selection(selection)),
        artifact_name: "example".into(),
        ..Default::default()
    });
    let spec = JobSpec { work: Some(work), ..Default::default() };
    let request = SubmitJobRequest { spec: Some(spec), ..Default::default() };
    let job = execution.submit_job(timed(request, CALL_TIME)).await?.into_inner().job.ok_or("no job")?;
    let result = follow(&mut execution, job.id).await?;
    for metric in &result.test_metrics {
        println!("{} {}", metric.name, metric.value);
    }
    let request = PredictRequest { artifact: result.artifact, data: Some(data), last_row_only: true };
    let table = execution.predict(timed(request, CALL_TIME)).await?.into_inner().table.unwrap_or_default();
    for column in table.columns.into_iter().filter(|column| column.name == "prediction") {
        if let Some(Values::Doubles(doubles)) = column.values {
            println!("prediction {:.5}", doubles.values[0]);
        }
    }
    Ok(())
}

async fn upload(execution: &mut Execution, path: &str) -> Result<DataReference> {
    let mut file = File::open(path).await?;
    let size_bytes = file.metadata().await?.len();
    let messages = async_stream::stream! {
        let mut next = Some(Message::Header(UploadDatasetHeader { name: "example".into(), size_bytes, ..Default::default() }));
        while let Some(message) = next {
            yield UploadDatasetRequest { message: Some(message) };
            let mut chunk = vec![0; 256 * 1024];
            let count = file.read(&mut chunk).await.unwrap_or(0); // fewer bytes than announced are refused
            chunk.truncate(count);
            next = Some(Message::Chunk(chunk)).filter(|_| count > 0);
        }
    };
    let dataset = execution.upload_dataset(timed(messages, JOB_TIME)).await?.into_inner().dataset.ok_or("no dataset")?;
    let name = format!("{}@{}", dataset.name, dataset.version);
    println!("dataset {name}, {} rows", dataset.row_count);
    Ok(DataReference { data: Some(Data::Dataset(name)), ..Default::default() })
}

/// Tell what the job does until it ends; its result.
async fn follow(execution: &mut Execution, id: String) -> Result<JobResult> {
    let request = WatchJobRequest { id, after_sequence: 0 };
    let mut events = execution.watch_job(timed(request, JOB_TIME)).await?.into_inner();
    let mut ended = None;
    while let Some(message) = events.message().await? {
        if let Some(Event::Progress(progress)) = message.event.and_then(|event| event.event) {
            println!("{:.0}% {}", 100.0 * progress.fraction, progress.stage);
        }
        if let Some(job) = message.job {
            println!("{}", word(job.state().as_str_name(), "JOB_STATE_"));
            ended = Some(job);
        }
    }
    let job = ended.ok_or("the job has no end")?;
    match job.state() {
        JobState::Succeeded => Ok(job.result.unwrap_or_default()),
        _ => Err(job.failure.unwrap_or_default().message.into()),
    }
}
