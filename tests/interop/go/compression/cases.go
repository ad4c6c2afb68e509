// SPDX-License-Identifier: Apache-2.0
package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

const (
	largeRequest  = 271828
	largeResponse = 314159
	callTimeout   = 30 * time.Second
)

func runCase(name string, connection *grpc.ClientConn) error {
	client := grpc_testing.NewTestServiceClient(connection)
	watched := &seen{}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), seenKey{}, watched), callTimeout)
	defer cancel()
	switch name {
	case "client_compressed_unary":
		return clientCompressedUnary(ctx, client)
	case "server_compressed_unary":
		return serverCompressedUnary(ctx, client, watched)
	case "server_compressed_streaming":
		return serverCompressedStreaming(ctx, client, watched)
	}
	return fmt.Errorf("there is no case %q", name)
}

func large() *grpc_testing.SimpleRequest {
	return &grpc_testing.SimpleRequest{
		ResponseSize: largeResponse,
		Payload:      &grpc_testing.Payload{Body: make([]byte, largeRequest)},
	}
}

func requireZeros(payload *grpc_testing.Payload, size int) error {
	body := payload.GetBody()
	if len(body) != size {
		return fmt.Errorf("the payload is %d bytes instead of %d", len(body), size)
	}
	for i, b := range body {
		if b != 0 {
			return fmt.Errorf("byte %d of the payload is not zero", i)
		}
	}
	return nil
}

func requireCompressed(watched *seen, wanted bool) error {
	if watched.compressed != wanted {
		return fmt.Errorf("the response came compressed: %v", watched.compressed)
	}
	return nil
}

func clientCompressedUnary(ctx context.Context, client grpc_testing.TestServiceClient) error {
	steps := []struct {
		expected bool
		code     codes.Code
		options  []grpc.CallOption
	}{
		{true, codes.InvalidArgument, nil}, // the probe
		{true, codes.OK, []grpc.CallOption{grpc.UseCompressor(gzip.Name)}},
		{false, codes.OK, nil},
	}
	for _, step := range steps {
		request := large()
		request.ExpectCompressed = &grpc_testing.BoolValue{Value: step.expected}
		response, err := client.UnaryCall(ctx, request, step.options...)
		if status.Code(err) != step.code {
			return fmt.Errorf("%v instead of %v", err, step.code)
		}
		if err != nil {
			continue
		}
		if err := requireZeros(response.Payload, largeResponse); err != nil {
			return err
		}
	}
	return nil
}

func serverCompressedUnary(ctx context.Context, client grpc_testing.TestServiceClient, watched *seen) error {
	for _, wanted := range []bool{true, false} {
		request := large()
		request.ResponseCompressed = &grpc_testing.BoolValue{Value: wanted}
		response, err := client.UnaryCall(ctx, request)
		if err != nil {
			return err
		}
		if err := requireCompressed(watched, wanted); err != nil {
			return err
		}
		if err := requireZeros(response.Payload, largeResponse); err != nil {
			return err
		}
	}
	return nil
}

func serverCompressedStreaming(ctx context.Context, client grpc_testing.TestServiceClient, watched *seen) error {
	parameters := []*grpc_testing.ResponseParameters{
		{Size: 31415, Compressed: &grpc_testing.BoolValue{Value: true}},
		{Size: 92653, Compressed: &grpc_testing.BoolValue{Value: false}},
	}
	stream, err := client.StreamingOutputCall(ctx, &grpc_testing.StreamingOutputCallRequest{ResponseParameters: parameters})
	if err != nil {
		return err
	}
	for _, asked := range parameters {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := requireCompressed(watched, asked.Compressed.Value); err != nil {
			return err
		}
		if err := requireZeros(response.Payload, int(asked.Size)); err != nil {
			return err
		}
	}
	if _, err := stream.Recv(); err != io.EOF {
		return fmt.Errorf("instead of the end: %v", err)
	}
	return nil
}
