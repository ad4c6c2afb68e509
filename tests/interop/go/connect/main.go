// SPDX-License-Identifier: Apache-2.0

// The connect-go column of the matrix: the Connect protocol as its Go implementation speaks it.
//
//	connect ADDRESS SERVER_PID
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/health/grpc_health_v1"

	adminv1 "mltrainer/tests/interop/gen/admin/v1"
	diagramv1 "mltrainer/tests/interop/gen/diagram/v1"
	executionv1 "mltrainer/tests/interop/gen/execution/v1"
	registryv1 "mltrainer/tests/interop/gen/registry/v1"
)

const callTimeout = 20 * time.Second

var base, pid string

func check(good bool, seen any) error {
	if good {
		return nil
	}
	return fmt.Errorf("not as expected: %v", seen)
}

func newClient[Request, Response any](method string, options ...connect.ClientOption) *connect.Client[Request, Response] {
	return connect.NewClient[Request, Response](http.DefaultClient, base+"/"+method, options...)
}

// Marshalled by protojson, which connect-go brings along.
var json = connect.WithProtoJSON()

func serverInfo(ctx context.Context, options ...connect.ClientOption) error {
	info := newClient[adminv1.GetServerInfoRequest, adminv1.GetServerInfoResponse](
		"mltrainer.admin.v1.AdminService/GetServerInfo", options...)
	reply, err := info.CallUnary(ctx, connect.NewRequest(&adminv1.GetServerInfoRequest{}))
	if err != nil {
		return err
	}
	return check(strconv.Itoa(int(reply.Msg.GetProcessId())) == pid, reply.Msg)
}

func unary(ctx context.Context) error     { return serverInfo(ctx) }
func unaryJSON(ctx context.Context) error { return serverInfo(ctx, json) }

func unaryGzip(ctx context.Context) error {
	return serverInfo(ctx, json, connect.WithSendGzip(), connect.WithCompressMinBytes(0))
}

func getModel(ctx context.Context, options ...connect.ClientOption) error {
	options = append(options, connect.WithHTTPGet(), connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	models := newClient[executionv1.GetModelRequest, executionv1.GetModelResponse](
		"mltrainer.execution.v1.ExecutionService/GetModel", options...)
	reply, err := models.CallUnary(ctx, connect.NewRequest(&executionv1.GetModelRequest{Id: "ridge"}))
	if err != nil {
		return err
	}
	return check(reply.Msg.GetModel().GetId() == "ridge", reply.Msg)
}

func get(ctx context.Context) error     { return getModel(ctx) }
func getJSON(ctx context.Context) error { return getModel(ctx, json) }

func metadata(ctx context.Context) error {
	health := newClient[grpc_health_v1.HealthCheckRequest, grpc_health_v1.HealthCheckResponse]("grpc.health.v1.Health/Check", json)
	request := connect.NewRequest(&grpc_health_v1.HealthCheckRequest{})
	request.Header().Set("x-custom-bin", connect.EncodeBinaryHeader([]byte{0, 1, 2}))
	reply, err := health.CallUnary(ctx, request)
	if err != nil {
		return err
	}
	return check(reply.Header().Get("content-type") == "application/json", reply.Header())
}

func serverStreaming(ctx context.Context) error {
	render := newClient[diagramv1.RenderStreamRequest, diagramv1.RenderStreamResponse](
		"mltrainer.diagram.v1.DiagramService/RenderStream")
	stream, err := render.CallServerStream(ctx, connect.NewRequest(&diagramv1.RenderStreamRequest{Drawing: &diagramv1.Drawing{
		Source: &diagramv1.Drawing_View{View: "system-overview"}, Format: diagramv1.Format_FORMAT_PNG, Dpi: 300}}))
	if err != nil {
		return err
	}
	size, announced, messages := 0, int64(0), 0
	for ; stream.Receive(); messages++ {
		size += len(stream.Msg().GetChunk())
		if info := stream.Msg().GetInfo(); info != nil {
			announced = info.GetSizeBytes()
		}
	}
	if err := stream.Err(); err != nil {
		return err
	}
	return check(messages > 1 && int64(size) == announced, fmt.Sprint(messages, size, announced))
}

func clientStreaming(ctx context.Context) error {
	upload := newClient[executionv1.UploadDatasetRequest, executionv1.UploadDatasetResponse](
		"mltrainer.execution.v1.ExecutionService/UploadDataset", json)
	_, err := upload.CallClientStream(ctx).CloseAndReceive()
	return check(connect.CodeOf(err) == connect.CodeInvalidArgument, err)
}

func errorDetails(ctx context.Context) error {
	register := newClient[registryv1.RegisterRequest, registryv1.RegisterResponse](
		"mltrainer.registry.v1.RegistryService/Register", json)
	_, err := register.CallUnary(ctx, connect.NewRequest(&registryv1.RegisterRequest{}))
	failure := new(connect.Error)
	if !errors.As(err, &failure) || failure.Code() != connect.CodeInvalidArgument || len(failure.Details()) != 1 {
		return check(false, err)
	}
	detail, err := failure.Details()[0].Value()
	if err != nil {
		return err
	}
	bad, ok := detail.(*errdetails.BadRequest)
	return check(ok && len(bad.GetFieldViolations()) > 0, detail)
}

// deadline: the server ends the stream by the timeout that it was told. The context has none of its own, as connect-go
// calls it a broken envelope (invalid_argument) when that one fires first.
func deadline(context.Context) error {
	watch := newClient[grpc_health_v1.HealthCheckRequest, grpc_health_v1.HealthCheckResponse]("grpc.health.v1.Health/Watch")
	request := connect.NewRequest(&grpc_health_v1.HealthCheckRequest{})
	request.Header().Set("Connect-Timeout-Ms", "300")
	stream, err := watch.CallServerStream(context.Background(), request)
	if err != nil {
		return err
	}
	for stream.Receive() {
	}
	return check(connect.CodeOf(stream.Err()) == connect.CodeDeadlineExceeded, stream.Err())
}

func main() {
	base, pid = "http://"+os.Args[1], os.Args[2]
	cells := []struct {
		name string
		run  func(context.Context) error
	}{{"unary", unary}, {"unary_json", unaryJSON}, {"unary_gzip", unaryGzip}, {"get", get}, {"get_json", getJSON},
		{"metadata", metadata}, {"server_streaming", serverStreaming}, {"client_streaming", clientStreaming},
		{"error_details", errorDetails}, {"deadline", deadline}}
	for _, cell := range cells {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		if err := cell.run(ctx); err != nil {
			fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
			fmt.Printf("not ok connect-go/%s\n", cell.name)
		} else {
			fmt.Printf("ok connect-go/%s\n", cell.name)
		}
		cancel()
	}
}
