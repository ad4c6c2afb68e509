// SPDX-License-Identifier: Apache-2.0

// The Go column of the matrix: grpc-go with stubs by protoc-gen-go and protoc-gen-go-grpc.
//
//	client ADDRESS SERVER_PID
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	adminv1 "mltrainer/tests/interop/gen/admin/v1"
	diagramv1 "mltrainer/tests/interop/gen/diagram/v1"
	executionv1 "mltrainer/tests/interop/gen/execution/v1"
	registryv1 "mltrainer/tests/interop/gen/registry/v1"
)

const (
	callTimeout   = 120 * time.Second
	effectTimeout = 120 * time.Second
)

type client struct {
	connection *grpc.ClientConn
	pid        int32
	registry   registryv1.RegistryServiceClient
	execution  executionv1.ExecutionServiceClient
	diagram    diagramv1.DiagramServiceClient
	admin      adminv1.AdminServiceClient
	health     grpc_health_v1.HealthClient
}

func newClient(address string, pid int) (*client, error) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return &client{
		connection: connection,
		pid:        int32(pid),
		registry:   registryv1.NewRegistryServiceClient(connection),
		execution:  executionv1.NewExecutionServiceClient(connection),
		diagram:    diagramv1.NewDiagramServiceClient(connection),
		admin:      adminv1.NewAdminServiceClient(connection),
		health:     grpc_health_v1.NewHealthClient(connection),
	}, nil
}

func (c *client) register(ctx context.Context, service, id string) (*registryv1.Instance, error) {
	reply, err := c.registry.Register(ctx, &registryv1.RegisterRequest{Instance: &registryv1.Instance{
		Key:       &registryv1.InstanceKey{Service: service, Id: id},
		Endpoints: []*registryv1.Endpoint{{Address: "192.0.2.1", Port: 8080}},
		LeaseTtl:  durationpb.New(time.Minute),
	}})
	return reply.GetInstance(), err
}

func (c *client) watchers(ctx context.Context) (int64, error) {
	info, err := c.registry.GetRegistryInfo(ctx, &registryv1.GetRegistryInfoRequest{})
	return info.GetWatcherCount(), err
}

func (c *client) activeCalls(ctx context.Context) (int64, error) {
	info, err := c.admin.GetServerInfo(ctx, &adminv1.GetServerInfoRequest{})
	return int64(info.GetActiveCalls()), err
}

// becomes polls until the effect on the server is there.
func becomes(ctx context.Context, what func(context.Context) (int64, error), wanted int64) error {
	return polls(ctx, what, wanted, func(seen int64) bool { return seen == wanted })
}

// falls is for a number that had somebody else's in it, who was about to end.
func falls(ctx context.Context, what func(context.Context) (int64, error), limit int64) error {
	return polls(ctx, what, limit, func(seen int64) bool { return seen <= limit })
}

func polls(ctx context.Context, what func(context.Context) (int64, error), wanted int64, good func(int64) bool) error {
	var seen int64
	for end := time.Now().Add(effectTimeout); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if seen, err = what(ctx); err != nil {
			return err
		}
		if good(seen) {
			return nil
		}
	}
	return fmt.Errorf("%d never came, at last %d", wanted, seen)
}

func wantCode(err error, code codes.Code) error {
	if status.Code(err) != code {
		return fmt.Errorf("it ended with %v, not %v", err, code)
	}
	return nil
}

func check(holds bool, what interface{}) error {
	if !holds {
		return fmt.Errorf("unexpected: %v", what)
	}
	return nil
}

// firstError is the first that is not nil.
func firstError(errors ...error) error {
	for _, err := range errors {
		if err != nil {
			return err
		}
	}
	return nil
}

func main() {
	pid, err := strconv.Atoi(os.Args[2])
	if err == nil {
		var c *client
		if c, err = newClient(os.Args[1], pid); err == nil {
			run(c)
			return
		}
	}
	fmt.Println(err)
	os.Exit(1)
}

func run(c *client) {
	for _, cell := range []struct {
		name string
		run  func(*client, context.Context) error
	}{
		{"reflection", (*client).reflectionCell},
		{"unary_registry", (*client).unaryRegistry},
		{"unary_execution", (*client).unaryExecution},
		{"unary_diagram", (*client).unaryDiagram},
		{"unary_admin", (*client).unaryAdmin},
		{"unary_health", (*client).unaryHealth},
		{"server_streaming", (*client).serverStreaming},
		{"client_streaming", (*client).clientStreaming},
		{"bidi_streaming", (*client).bidiStreaming},
		{"cancel", (*client).cancelCell},
		{"deadline", (*client).deadlineCell},
		{"error_details", (*client).errorDetails},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		if err := cell.run(c, ctx); err != nil {
			fmt.Printf("%v\nnot ok go/%s\n", err, cell.name)
		} else {
			fmt.Printf("ok go/%s\n", cell.name)
		}
		cancel()
	}
}
