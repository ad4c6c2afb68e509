// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	diagramv1 "mltrainer/tests/interop/gen/diagram/v1"
	executionv1 "mltrainer/tests/interop/gen/execution/v1"
	registryv1 "mltrainer/tests/interop/gen/registry/v1"
)

// A picture in chunks, whole.
func (c *client) serverStreaming(ctx context.Context) error {
	stream, err := c.diagram.RenderStream(ctx, &diagramv1.RenderStreamRequest{Drawing: &diagramv1.Drawing{
		Source: &diagramv1.Drawing_View{View: "system-overview"}, Format: diagramv1.Format_FORMAT_PNG, Dpi: 300}})
	if err != nil {
		return err
	}
	var picture []byte
	var size int64
	parts := 0
	for ; ; parts++ {
		part, err := stream.Recv()
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if parts == 0 {
			size = part.GetInfo().GetSizeBytes()
		}
		picture = append(picture, part.GetChunk()...)
	}
	return firstError(check(parts > 1 && size == int64(len(picture)), parts),
		check(bytes.HasPrefix(picture, []byte("\x89PNG\r\n\x1a\n")), "no PNG"))
}

// An upload in chunks that cut lines anywhere.
func (c *client) clientStreaming(ctx context.Context) error {
	data := []byte("day,close\n")
	for i := 0; i < 2000; i++ {
		data = append(data, fmt.Sprintf("2024-01-%02d,%g\n", 1+i%28, 100+float64(i)/8)...)
	}
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	stream, err := c.execution.UploadDataset(ctx)
	if err != nil {
		return err
	}
	header := &executionv1.UploadDatasetHeader{Name: "go-stream", Sha256: hash}
	err = stream.Send(&executionv1.UploadDatasetRequest{Message: &executionv1.UploadDatasetRequest_Header{Header: header}})
	for at := 0; at < len(data) && err == nil; at += 777 {
		end := at + 777
		if end > len(data) {
			end = len(data)
		}
		err = stream.Send(&executionv1.UploadDatasetRequest{Message: &executionv1.UploadDatasetRequest_Chunk{Chunk: data[at:end]}})
	}
	reply, closed := stream.CloseAndRecv()
	dataset := reply.GetDataset()
	return firstError(closed, err, check(dataset.GetRowCount() == 2000 && dataset.GetSha256() == hash, dataset))
}

func heartbeat(service, id string, attach bool) *registryv1.HeartbeatStreamRequest {
	return &registryv1.HeartbeatStreamRequest{ExpireOnDisconnect: attach,
		Heartbeat: &registryv1.HeartbeatRequest{Key: &registryv1.InstanceKey{Service: service, Id: id}}}
}

// Ping-pong: each answer comes before the next request is sent.
func (c *client) bidiStreaming(ctx context.Context) error {
	if _, err := c.register(ctx, "go-bidi", "here"); err != nil {
		return err
	}
	stream, err := c.registry.HeartbeatStream(ctx)
	if err != nil {
		return err
	}
	for _, turn := range []struct {
		id   string
		code codes.Code
	}{{"here", codes.OK}, {"absent", codes.NotFound}, {"here", codes.OK}} {
		if err := stream.Send(heartbeat("go-bidi", turn.id, false)); err != nil {
			return err
		}
		reply, err := stream.Recv()
		if err := firstError(err, check(reply.GetCode() == int32(turn.code) && reply.GetKey().GetId() == turn.id, reply)); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	_, err = stream.Recv()
	return check(err == io.EOF, err)
}

// watch opens a Watch, reads the first message, and waits until the server counts it.
func (c *client) watch(ctx, calls context.Context, before int64) (registryv1.RegistryService_WatchClient, error) {
	stream, err := c.registry.Watch(ctx, &registryv1.WatchRequest{})
	if err != nil {
		return nil, err
	}
	first, err := stream.Recv()
	return stream, firstError(err, check(first.GetSnapshot().GetFirst(), first), becomes(calls, c.watchers, before+1))
}

// drain reads a stream to its end.
func drain(stream registryv1.RegistryService_WatchClient) error {
	for {
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
}

// The server sees a cancel: the watcher goes, and an instance with a lease of 60 s that hung on the stream goes.
func (c *client) cancelCell(ctx context.Context) error {
	watchers, err := c.watchers(ctx)
	active, err2 := c.activeCalls(ctx)
	if err := firstError(err, err2); err != nil {
		return err
	}
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.watch(watching, ctx, watchers)
	if err != nil {
		return err
	}
	cancel()
	if err := firstError(wantCode(drain(stream), codes.Canceled), becomes(ctx, c.watchers, watchers)); err != nil {
		return err
	}
	return firstError(c.cancelHeartbeats(ctx), falls(ctx, c.activeCalls, active))
}

func (c *client) cancelHeartbeats(ctx context.Context) error {
	if _, err := c.register(ctx, "go-cancel", "a"); err != nil {
		return err
	}
	beating, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.registry.HeartbeatStream(beating)
	if err != nil {
		return err
	}
	if err := stream.Send(heartbeat("go-cancel", "a", true)); err != nil {
		return err
	}
	reply, err := stream.Recv()
	if err := firstError(err, check(reply.GetCode() == 0, reply)); err != nil {
		return err
	}
	cancel()
	key := &registryv1.InstanceKey{Service: "go-cancel", Id: "a"}
	code := func(ctx context.Context) (int64, error) {
		_, err := c.registry.GetInstance(ctx, &registryv1.GetInstanceRequest{Key: key})
		return int64(status.Code(err)), nil
	}
	return becomes(ctx, code, int64(codes.NotFound))
}

func (c *client) deadlineCell(ctx context.Context) error {
	watchers, err := c.watchers(ctx)
	active, err2 := c.activeCalls(ctx)
	if err := firstError(err, err2); err != nil {
		return err
	}
	began := time.Now()
	watching, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	stream, err := c.watch(watching, ctx, watchers)
	if err != nil {
		return err
	}
	err = drain(stream)
	took := time.Since(began)
	return firstError(wantCode(err, codes.DeadlineExceeded), check(took > 2900*time.Millisecond, took),
		becomes(ctx, c.watchers, watchers), falls(ctx, c.activeCalls, active))
}
