// SPDX-License-Identifier: Apache-2.0
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"google.golang.org/grpc"

	executionv1 "mltrainer/execution/v1"
)

// train uploads a file, trains ridge on it, follows the job and predicts the last row.
func train(ctx context.Context, connection *grpc.ClientConn, arguments []string) error {
	ctx, cancel := context.WithTimeout(ctx, jobTime)
	defer cancel()
	execution := executionv1.NewExecutionServiceClient(connection)
	data, err := upload(ctx, execution, arguments[0])
	if err != nil {
		return err
	}
	submitted, err := execution.SubmitJob(ctx, &executionv1.SubmitJobRequest{
		Spec: &executionv1.JobSpec{Work: &executionv1.JobSpec_Train{Train: &executionv1.TrainSpec{
			Model: "ridge", Data: data, ArtifactName: "example",
			Columns: &executionv1.TrainSpec_Selection{Selection: &executionv1.ColumnSelection{TargetColumn: arguments[1]}},
		}}},
	})
	if err != nil {
		return err
	}
	result, err := follow(ctx, execution, submitted.Job.Id)
	if err != nil {
		return err
	}
	for _, metric := range result.TestMetrics {
		fmt.Printf("%s %.6g\n", metric.Name, metric.Value)
	}
	predicted, err := execution.Predict(ctx, &executionv1.PredictRequest{Artifact: result.Artifact, Data: data, LastRowOnly: true})
	if err != nil {
		return err
	}
	for _, column := range predicted.Table.Columns {
		if column.Name == "prediction" {
			fmt.Printf("prediction %.9g\n", column.GetDoubles().Values[0])
		}
	}
	return nil
}

func upload(ctx context.Context, execution executionv1.ExecutionServiceClient, path string) (*executionv1.DataReference, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	stream, err := execution.UploadDataset(ctx)
	if err != nil {
		return nil, err
	}
	message := &executionv1.UploadDatasetRequest{Message: &executionv1.UploadDatasetRequest_Header{
		Header: &executionv1.UploadDatasetHeader{Name: "example"}}}
	for chunk := make([]byte, 256*1024); message != nil; {
		if err := stream.Send(message); err != nil {
			break // CloseAndRecv says why
		}
		count, err := file.Read(chunk)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		message = nil
		if count > 0 {
			message = &executionv1.UploadDatasetRequest{Message: &executionv1.UploadDatasetRequest_Chunk{Chunk: chunk[:count]}}
		}
	}
	reply, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s@%d", reply.Dataset.Name, reply.Dataset.Version)
	fmt.Printf("dataset %s, %d rows\n", name, reply.Dataset.RowCount)
	return &executionv1.DataReference{Data: &executionv1.DataReference_Dataset{Dataset: name}}, nil
}

// follow tells what the job does until it ends.
func follow(ctx context.Context, execution executionv1.ExecutionServiceClient, id string) (*executionv1.JobResult, error) {
	stream, err := execution.WatchJob(ctx, &executionv1.WatchJobRequest{Id: id})
	if err != nil {
		return nil, err
	}
	var job *executionv1.Job
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if progress := message.Event.GetProgress(); progress != nil {
			fmt.Printf("%.0f%% %s\n", 100*progress.Fraction, progress.Stage)
		}
		if message.Job != nil {
			job = message.Job
			fmt.Println(word(job.State.String(), "JOB_STATE_"))
		}
	}
	if job.GetState() != executionv1.JobState_JOB_STATE_SUCCEEDED {
		return nil, errors.New(job.GetFailure().GetMessage())
	}
	return job.Result, nil
}
