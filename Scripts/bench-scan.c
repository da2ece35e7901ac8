// The yardstick for capture by scan: what a plain C loop with hiredis takes to read every key consistently.
//
// SCAN, then for each page one MULTI batch of DUMP and PEXPIRETIME, the next SCAN in the same pipeline. Payloads are
// counted and dropped. Usage: bench-scan PORT [COUNT]
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redisReply *next_reply(redisContext *context) {
    redisReply *reply = NULL;
    if (redisGetReply(context, (void **)&reply) != REDIS_OK || reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        fprintf(stderr, "bench-scan: %s\n", reply != NULL ? reply->str : context->errstr);
        exit(1);
    }
    return reply;
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    const char *page_size = count > 2 ? arguments[2] : "500";
    redisContext *context = redisConnect("127.0.0.1", atoi(arguments[1]));
    if (context == NULL || context->err) return 1;
    unsigned long long keys = 0, bytes = 0;
    redisAppendCommand(context, "SCAN 0 COUNT %s", page_size);
    for (;;) {
        redisReply *page = next_reply(context);
        const char *cursor = page->element[0]->str;
        redisReply *names = page->element[1];
        redisAppendCommand(context, "MULTI");
        for (size_t index = 0; index < names->elements; index++) {
            redisReply *name = names->element[index];
            redisAppendCommand(context, "DUMP %b", name->str, name->len);
            redisAppendCommand(context, "PEXPIRETIME %b", name->str, name->len);
        }
        redisAppendCommand(context, "EXEC");
        int last = strcmp(cursor, "0") == 0;
        if (!last) redisAppendCommand(context, "SCAN %s COUNT %s", cursor, page_size);
        for (size_t index = 0; index < 1 + 2 * names->elements; index++) freeReplyObject(next_reply(context));
        redisReply *values = next_reply(context);
        for (size_t index = 0; index + 1 < values->elements; index += 2) {
            keys += 1;
            bytes += values->element[index]->len;
        }
        freeReplyObject(values);
        freeReplyObject(page);
        if (last) break;
    }
    printf("%llu keys, %llu bytes\n", keys, bytes);
    redisFree(context);
    return 0;
}
