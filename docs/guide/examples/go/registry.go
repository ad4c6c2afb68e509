// SPDX-License-Identifier: Apache-2.0
package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	registryv1 "mltrainer/registry/v1"
)

// keep registers an instance and holds it: a restart, an outage or a deregistration by somebody else makes it register
// again. When ctx ends it deregisters.
func keep(ctx context.Context, connection *grpc.ClientConn, arguments []string) error {
	port, err := strconv.ParseUint(arguments[3], 10, 16)
	if err != nil {
		return err
	}
	registry := registryv1.NewRegistryServiceClient(connection)
	instance := &registryv1.Instance{
		Key:       &registryv1.InstanceKey{Service: arguments[0], Id: arguments[1]},
		Endpoints: []*registryv1.Endpoint{{Address: arguments[2], Port: uint32(port)}},
		LeaseTtl:  durationpb.New(10 * time.Second),
	}
	for ctx.Err() == nil {
		err := registered(ctx, registry, instance)
		if ctx.Err() == nil {
			fmt.Println("lost:", err)
			wait(ctx, 100*time.Millisecond+time.Duration(rand.Int63n(int64(900*time.Millisecond))))
		}
	}
	leave, cancel := context.WithTimeout(detached(ctx), callTime)
	defer cancel()
	_, err = registry.Deregister(leave, &registryv1.DeregisterRequest{Key: instance.Key})
	if err != nil && status.Code(err) != codes.NotFound { // the end of the stream may have been enough
		return err
	}
	fmt.Printf("deregistered %s/%s\n", arguments[0], arguments[1])
	return nil
}

// registered registers once and sends heartbeats until they fail.
func registered(ctx context.Context, registry registryv1.RegistryServiceClient, instance *registryv1.Instance) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	deadline, done := context.WithTimeout(ctx, callTime)
	defer done()
	reply, err := registry.Register(deadline, &registryv1.RegisterRequest{Instance: instance})
	if err != nil {
		return err
	}
	fmt.Printf("registered %s/%s, incarnation %d\n", instance.Key.Service, instance.Key.Id, reply.Instance.Incarnation)
	stream, err := registry.HeartbeatStream(ctx)
	if err != nil {
		return err
	}
	heartbeat := &registryv1.HeartbeatRequest{Key: instance.Key, Incarnation: reply.Instance.Incarnation}
	for {
		if err := stream.Send(&registryv1.HeartbeatStreamRequest{Heartbeat: heartbeat, ExpireOnDisconnect: true}); err != nil {
			_, err = stream.Recv() // why it broke
			return err
		}
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		if answer.Code != 0 {
			return errors.New(answer.Text)
		}
		wait(ctx, reply.HeartbeatInterval.AsDuration())
	}
}

// detached keeps the metadata of ctx, not its end.
func detached(ctx context.Context) context.Context {
	outgoing, _ := metadata.FromOutgoingContext(ctx)
	return metadata.NewOutgoingContext(context.Background(), outgoing)
}

func wait(ctx context.Context, how time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(how):
	}
}

// watch tells the changes of a service's instances as they happen.
func watch(ctx context.Context, connection *grpc.ClientConn, arguments []string) error {
	stream, err := registryv1.NewRegistryServiceClient(connection).Watch(ctx, &registryv1.WatchRequest{Service: arguments[0]})
	if err != nil {
		return err
	}
	for {
		message, err := stream.Recv()
		if ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		for _, instance := range message.GetSnapshot().GetInstances() {
			tell("present", instance)
		}
		for _, change := range message.GetChanges().GetChanges() {
			tell(word(change.Kind.String(), "CHANGE_KIND_"), change.Instance)
		}
	}
}

func tell(what string, instance *registryv1.Instance) {
	fmt.Println(what, instance.Key.Id, word(instance.Status.State.String(), "HEALTH_STATE_"))
}

func word(name, prefix string) string { return strings.ToLower(strings.TrimPrefix(name, prefix)) }
