// SPDX-License-Identifier: Apache-2.0
package main

import (
	"context"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/interop"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

// server is grpc-go's own test server but for the calls whose messages say how they are to be sent.
type server struct{ grpc_testing.TestServiceServer }

func newServer(options []grpc.ServerOption) *grpc.Server {
	s := grpc.NewServer(options...)
	grpc_testing.RegisterTestServiceServer(s, server{interop.NewTestServer()})
	return s
}

func checkCompressed(ctx context.Context, expected *grpc_testing.BoolValue) error {
	compressed := ctx.Value(seenKey{}).(*seen).compressed
	if expected == nil || expected.Value == compressed {
		return nil
	}
	return status.Errorf(codes.InvalidArgument, "compressed: %v", compressed)
}

func (s server) UnaryCall(ctx context.Context, in *grpc_testing.SimpleRequest) (*grpc_testing.SimpleResponse, error) {
	if err := checkCompressed(ctx, in.ExpectCompressed); err != nil {
		return nil, err
	}
	if in.ResponseCompressed.GetValue() {
		if err := grpc.SetSendCompressor(ctx, gzip.Name); err != nil {
			return nil, err
		}
	} else if err := grpc.SetSendCompressor(ctx, "identity"); err != nil {
		return nil, err
	}
	return s.TestServiceServer.UnaryCall(ctx, in)
}

func (s server) StreamingInputCall(stream grpc_testing.TestService_StreamingInputCallServer) error {
	var sum int
	for {
		in, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(&grpc_testing.StreamingInputCallResponse{AggregatedPayloadSize: int32(sum)})
		} else if err != nil {
			return err
		}
		if err := checkCompressed(stream.Context(), in.ExpectCompressed); err != nil {
			return err
		}
		sum += len(in.Payload.GetBody())
	}
}
