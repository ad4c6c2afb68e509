// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	adminv1 "mltrainer/tests/interop/gen/admin/v1"
	diagramv1 "mltrainer/tests/interop/gen/diagram/v1"
	executionv1 "mltrainer/tests/interop/gen/execution/v1"
	registryv1 "mltrainer/tests/interop/gen/registry/v1"
)

// files asks reflection for the file that has a symbol, and for what it imports.
func files(stream reflectionv1.ServerReflection_ServerReflectionInfoClient, symbol string) (*protoregistry.Files, error) {
	err := stream.Send(&reflectionv1.ServerReflectionRequest{
		MessageRequest: &reflectionv1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}})
	if err != nil {
		return nil, err
	}
	reply, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	for _, data := range reply.GetFileDescriptorResponse().GetFileDescriptorProto() {
		file := &descriptorpb.FileDescriptorProto{}
		if err := proto.Unmarshal(data, file); err != nil {
			return nil, err
		}
		set.File = append(set.File, file)
	}
	return protodesc.NewFiles(set)
}

// The descriptors that the server tells make a working client, without our .proto.
func (c *client) reflectionCell(ctx context.Context) error {
	stream, err := reflectionv1.NewServerReflectionClient(c.connection).ServerReflectionInfo(ctx)
	if err != nil {
		return err
	}
	found, err := files(stream, "mltrainer.admin.v1.AdminService.GetServerInfo")
	if err != nil {
		return err
	}
	descriptor, err := found.FindDescriptorByName("mltrainer.admin.v1.AdminService.GetServerInfo")
	if err != nil {
		return err
	}
	method := descriptor.(protoreflect.MethodDescriptor)
	request, reply := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
	if err := c.connection.Invoke(ctx, "/mltrainer.admin.v1.AdminService/GetServerInfo", request, reply); err != nil {
		return err
	}
	pid := reply.Get(method.Output().Fields().ByName("process_id")).Int()
	return firstError(check(pid == int64(c.pid), pid), stream.CloseSend())
}

func (c *client) unaryRegistry(ctx context.Context) error {
	made, err := c.register(ctx, "go-unary", "a")
	if err != nil {
		return err
	}
	found, err := c.registry.Discover(ctx, &registryv1.DiscoverRequest{Service: "go-unary"})
	return firstError(err,
		check(made.GetOwner() == "anonymous" && made.GetWeight() == 100 && made.GetIncarnation() > 0, made),
		check(len(found.GetInstances()) == 1 && found.GetInstances()[0].GetKey().GetId() == "a", found))
}

func (c *client) unaryExecution(ctx context.Context) error {
	reply, err := c.execution.GetModel(ctx, &executionv1.GetModelRequest{Id: "ridge"})
	return firstError(err, check(!reply.GetModel().GetUnavailable() && len(reply.GetModel().GetParameters()) > 0, reply))
}

func (c *client) unaryDiagram(ctx context.Context) error {
	reply, err := c.diagram.Render(ctx, &diagramv1.RenderRequest{Drawing: &diagramv1.Drawing{
		Source: &diagramv1.Drawing_View{View: "system-overview"}, Format: diagramv1.Format_FORMAT_SVG}})
	content := bytes.TrimSpace(reply.GetContent())
	return firstError(err, check(bytes.HasSuffix(content, []byte("</svg>")), reply.GetInfo()),
		check(reply.GetInfo().GetSizeBytes() == int64(len(reply.GetContent())), reply.GetInfo()))
}

func (c *client) unaryAdmin(ctx context.Context) error {
	info, err := c.admin.GetServerInfo(ctx, &adminv1.GetServerInfoRequest{})
	return firstError(err, check(info.GetProcessId() == c.pid && info.GetActiveCalls() >= 1, info))
}

func (c *client) unaryHealth(ctx context.Context) error {
	reply, err := c.health.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return err
	}
	_, err = c.health.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "no.such.Service"})
	return firstError(check(reply.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING, reply),
		wantCode(err, codes.NotFound))
}

func (c *client) errorDetails(ctx context.Context) error {
	_, err := c.registry.Register(ctx, &registryv1.RegisterRequest{Instance: &registryv1.Instance{
		Key:       &registryv1.InstanceKey{Service: "go-errors", Id: "a"},
		Endpoints: []*registryv1.Endpoint{{Address: "192.0.2.1", Port: 70000}},
	}})
	if failure := wantCode(err, codes.InvalidArgument); failure != nil {
		return failure
	}
	for _, detail := range status.Convert(err).Details() {
		if bad, is := detail.(*errdetails.BadRequest); is && len(bad.GetFieldViolations()) == 1 {
			return check(bad.GetFieldViolations()[0].GetField() == "instance.endpoints[0].port", bad)
		}
	}
	return fmt.Errorf("no BadRequest in %v", status.Convert(err).Details())
}
