// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/grpcpp.h>

#include "helloworld.grpc.pb.h"

constexpr int kReplies = 1000;

// Serve for ever, on one thread of completion events, or on the library's own threads.
void serve_async(grpc::ServerBuilder &builder);
void serve_callback(grpc::ServerBuilder &builder);
