// SPDX-License-Identifier: Apache-2.0

#include "greeters.h"

using helloworld::Greeter;
using helloworld::HelloReply;
using helloworld::HelloRequest;

namespace {

class Replies : public grpc::ServerWriteReactor<HelloReply> {
public:
    explicit Replies(const HelloRequest *request)
    {
        reply_.set_message(request->name());
        OnWriteDone(true);
    }

    void OnWriteDone(bool ok) override
    {
        if (ok && sent_++ < kReplies)
            StartWrite(&reply_);
        else
            Finish(grpc::Status::OK);
    }

    void OnDone() override
    {
        delete this;
    }

private:
    HelloReply reply_;
    int sent_ = 0;
};

class Service : public Greeter::CallbackService {
    grpc::ServerUnaryReactor *SayHello(grpc::CallbackServerContext *context, const HelloRequest *request,
                                       HelloReply *reply) override
    {
        reply->set_message(request->name());
        grpc::ServerUnaryReactor *reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }

    grpc::ServerWriteReactor<HelloReply> *SayHelloStreamReply(grpc::CallbackServerContext *,
                                                              const HelloRequest *request) override
    {
        return new Replies(request);
    }
};

} // namespace

void serve_callback(grpc::ServerBuilder &builder)
{
    Service service;
    builder.RegisterService(&service);
    builder.BuildAndStart()->Wait();
}
