#!/usr/bin/env python3
"""A scripted model server on loopback: what the genuine agents are run against.

    python3 model.py            prints the port it listens on, and serves until killed

It speaks what the agents speak: Anthropic messages, OpenAI responses and chat completions,
Gemini generateContent, each streamed or whole. What it answers is told by the last mark
`<<scenario:tag>>` among what the user said, and by how many answers came since. GET /bill
says what each tag was answered, and with how many tokens: the other side of the ledger.
"""
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MARK = re.compile(r"<<([a-z0-9]+):([\w-]+)>>")
SHELLS = ("Bash", "bash", "run_shell_command", "exec_command", "shell_command", "shell")
ASKS = ("AskUserQuestion",)
# as Google's service for people who have logged in says that a day's quota is used up
QUOTA = [
    {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "QUOTA_EXHAUSTED", "domain": "cloudcode-pa.googleapis.com"},
    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "20s"},
]
LOCK = threading.Lock()
BILL = {}
SEEN = {}
ANSWERED = set()

# A step is what is said, and the command that is called, if any; or an HTTP status.
SCENARIOS = {
    "plain": [("All is well.", None)],
    "rich": [
        ("First a file.", "printf 'one\\ntwo\\n' > made.txt && cat made.txt"),
        ("And another.", "touch another.txt && echo touched"),
        ("Both are there.", None),
    ],
    "leave": "rich",
    "fails": [("This fails.", "echo partly; exit 7"), ("It failed.", None)],
    "waits": [("This takes a while.", "sleep 8; echo through-%TAG"), ("It is through.", None)],
    "hangs": [("This never ends.", "while :; do sleep 1; done # %TAG"), ("Never said.", None)],
    "asks": [("A question.", "ASK"), ("So be it.", None)],
    "e401": [401], "e429": [429], "e500": [500], "limited": [("Again at it.", None)],
    "shaky": [("It got through.", None)],
}
ERRORS = {
    401: ("authentication_error", "invalid x-api-key", "UNAUTHENTICATED"),
    429: ("rate_limit_error", "Too many requests, slow down", "RESOURCE_EXHAUSTED"),
    500: ("api_error", "Internal server error", "INTERNAL"),
    529: ("overloaded_error", "Overloaded", "UNAVAILABLE"),
}


def usage(index):
    """Tokens of an answer: no two steps use as many, so no sum comes out right by chance."""
    return {"input": 700 + 53 * index, "output": 40 + 7 * index, "cached": 3000 + 11 * index, "thought": 0}


def text_of(content):
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return ""


def anthropic_talk(body):
    for message in body.get("messages", []):
        content = message.get("content")
        is_result = isinstance(content, list) and any(part.get("type") == "tool_result" for part in content)
        yield "tool" if is_result and not MARK.search(text_of(content)) else message["role"], text_of(content)


def responses_talk(body):
    items = body.get("input") or []
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    answering = False
    for item in items:
        kind = item.get("type", "message")
        ours = kind in ("function_call", "custom_tool_call", "reasoning") or item.get("role") == "assistant"
        if ours and not answering:
            yield "assistant", ""
        answering = ours
        if not ours and not kind.endswith("_output"):
            yield item.get("role"), text_of(item.get("content"))


def chat_talk(body):
    return ((message.get("role"), text_of(message.get("content"))) for message in body.get("messages", []))


def gemini_talk(body):
    for content in body.get("contents") or []:
        parts = content.get("parts") or []
        is_result = any("functionResponse" in part for part in parts)
        role = "assistant" if content.get("role") == "model" else "tool" if is_result else "user"
        yield role, "\n".join(part.get("text") or "" for part in parts)


def step_of(talk, tools):
    """Which step comes next: scenario, tag, prompts so far, number, and the step."""
    scenario = tag = None
    index = prompts = 0
    for role, text in talk:
        found = MARK.findall(text or "") if role in ("user", "system") else []
        if found and found[-1][0] in SCENARIOS:
            (scenario, tag), index = found[-1], 0
            prompts += 1
        elif role == "assistant":
            index += 1
    if scenario is None or not tools:
        return "side", tag or "none", prompts, 0, ("Aside.", None)
    steps = SCENARIOS[scenario]
    if isinstance(steps, str):
        steps = SCENARIOS[steps]
    index = min(index, len(steps) - 1)
    return scenario, tag, prompts, index, steps[index]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, value, status=200, headers=()):
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (("content-type", "application/json"), ("content-length", str(len(data))), *headers):
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def stream(self, events, headers=()):
        self.send_response(200)
        for name, text in (("content-type", "text/event-stream"), ("transfer-encoding", "chunked"), *headers):
            self.send_header(name, text)
        self.end_headers()
        for event in events:
            name = f"event: {event['type']}\n" if isinstance(event, dict) and "type" in event else ""
            data = event if isinstance(event, str) else json.dumps(event)
            chunk = f"{name}data: {data}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def do_HEAD(self):
        self.reply({})

    def do_GET(self):
        if self.path == "/bill":
            with LOCK:
                return self.reply(BILL)
        models = [{"id": name, "object": "model", "type": "model", "display_name": name, "created": 1} for name in ("scripted",)]
        return self.reply({"object": "list", "data": models, "models": []})

    def do_POST(self):
        body = json.loads(self.read() or b"{}")
        path = self.path.split("?")[0]
        try:
            if path.endswith("count_tokens") or ":countTokens" in path:
                return self.reply({"input_tokens": 1, "totalTokens": 1})
            if path.endswith("/messages"):
                return self.answer(body, anthropic_talk, self.tools(body), self.say_anthropic)
            if path.endswith("/responses"):
                return self.answer(body, responses_talk, self.tools(body), self.say_responses)
            if path.endswith("/chat/completions"):
                return self.answer(body, chat_talk, self.tools(body), self.say_chat)
            if "enerateContent" in path:
                tools = {f["name"]: {} for tool in body.get("tools") or [] for f in tool.get("functionDeclarations") or []}
                return self.answer(body, gemini_talk, tools, self.say_gemini)
            return self.reply({"error": {"message": "no such path"}}, 404)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
            return None

    def read(self):
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        data = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def tools(self, body):
        tools = {}
        for tool in body.get("tools") or []:
            for one in tool.get("tools") or [tool]:
                function = one.get("function") or one
                name = function.get("name") or one.get("type")
                schema = function.get("input_schema") or function.get("parameters") or {}
                tools[name] = schema.get("properties") or {}
        return tools

    def call(self, command, tag, tools):
        if command == "ASK" and (name := next((name for name in ASKS if name in tools), None)):
            options = [{"label": label, "description": label} for label in ("Red", "Blue")]
            return name, {"questions": [{"question": "Which color?", "header": "Color", "multiSelect": False, "options": options}]}
        command = "echo asked" if command == "ASK" else command.replace("%TAG", tag)
        name = next((name for name in SHELLS if name in tools), "run_shell_command")
        arguments = {"cmd" if name == "exec_command" else "command": command}
        if name == "exec_command":
            arguments["yield_time_ms"] = 30000
        if "description" in tools.get(name, {}) or name == "run_shell_command":
            arguments["description"] = "Run it"
        if "is_background" in tools.get(name, {}):
            arguments["is_background"] = False
        return name, arguments

    def answer(self, body, talk, tools, dialect):
        scenario, tag, prompts, index, step = step_of(talk(body), tools)
        with LOCK:
            times = SEEN[tag] = SEEN.get(tag, 0) + (scenario != "side")
        if scenario == "limited" and times == 1:
            reset = str(int(time.time()) + 20)
            prefix = "anthropic-ratelimit-unified-"
            headers = [(prefix + "status", "rejected"), (prefix + "reset", reset), (prefix + "representative-claim", "five_hour"),
                       (prefix + "5h-utilization", "1.0"), (prefix + "5h-reset", reset), ("retry-after", "20")]
            return self.refuse(429, headers, limit=True)
        if scenario == "shaky" and times <= 2:
            # with a key, claude takes a 429 for the last word
            busy = 529 if self.path.split("?")[0].endswith("/messages") else 429
            return self.refuse(500 if times == 1 else busy, [("retry-after", "1")])
        if isinstance(step, int):
            return self.refuse(step, [("retry-after", "1")] if step == 429 else [])
        used = usage(index)
        with LOCK:
            entry = BILL.setdefault(tag, {"calls": 0, "tools": 0, "input": 0, "output": 0, "cached": 0, "side": {"input": 0, "output": 0, "cached": 0}, "again": {"input": 0, "output": 0, "cached": 0}})
            # some ask the same once more by themselves, to suggest what might be said next
            again = (tag, prompts, index) in ANSWERED and scenario != "side"
            ANSWERED.add((tag, prompts, index))
            into = entry["side"] if scenario == "side" else entry["again"] if again else entry
            for key in ("input", "output", "cached"):
                into[key] += used[key]
            if scenario != "side":
                entry["calls"] += 1
                entry["tools"] += step[1] is not None
        call = self.call(step[1], tag, tools) if step[1] else None
        if call and scenario == "leave" and "sandbox_permissions" in tools.get(call[0], {}):
            # codex asks for what its model says needs leave
            call[1].update(sandbox_permissions="require_escalated", justification="May I?")
        return dialect(body, step[0], call, used, f"{tag}-{times}-{index}")

    def refuse(self, status, headers, limit=False):
        kind, message, name = ERRORS[status]
        code = {401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(status, kind)
        if limit and "enerateContent" in self.path:
            error = {"code": 429, "status": name, "message": "You have exhausted your daily quota on this model. Your quota will reset after 20s.", "details": QUOTA}
            return self.reply({"error": error}, 429)
        if limit and self.path.split("?")[0].endswith("/responses"):
            error = {"type": "usage_limit_reached", "message": "The usage limit has been reached", "plan_type": "plus", "resets_at": int(time.time()) + 20, "resets_in_seconds": 20}
            return self.reply({"error": error}, 429)
        error = {"type": kind, "message": message, "code": status if "enerateContent" in self.path else code, "status": name}
        return self.reply({"type": "error", "error": error}, status, headers)

    def say_anthropic(self, body, text, call, used, name):
        counts = {"input_tokens": used["input"], "cache_read_input_tokens": used["cached"], "cache_creation_input_tokens": 0}
        blocks = [{"type": "text", "text": text}]
        if call:
            blocks.append({"type": "tool_use", "id": f"toolu_{name}", "name": call[0], "input": call[1]})
        stop = "tool_use" if call else "end_turn"
        message = {"id": f"msg_{name}", "type": "message", "role": "assistant", "model": body.get("model"), "stop_reason": None, "stop_sequence": None}
        if not body.get("stream"):
            return self.reply({**message, "content": blocks, "stop_reason": stop, "usage": {**counts, "output_tokens": used["output"]}})

        def events():
            yield {"type": "message_start", "message": {**message, "content": [], "usage": {**counts, "output_tokens": 1}}}
            for index, block in enumerate(blocks):
                empty = {"type": "text", "text": ""} if block["type"] == "text" else {**block, "input": {}}
                yield {"type": "content_block_start", "index": index, "content_block": empty}
                delta = {"type": "text_delta", "text": text} if block["type"] == "text" else {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
                yield {"type": "content_block_delta", "index": index, "delta": delta}
                yield {"type": "content_block_stop", "index": index}
            yield {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {**counts, "output_tokens": used["output"]}}
            yield {"type": "message_stop"}

        return self.stream(events())

    def say_responses(self, body, text, call, used, name):
        part = {"type": "output_text", "text": text, "annotations": []}
        items = [{"type": "message", "id": f"msg_{name}", "role": "assistant", "status": "completed", "content": [part]}]
        if call:
            items.append({"type": "function_call", "id": f"fc_{name}", "call_id": f"call_{name}", "name": call[0], "arguments": json.dumps(call[1]), "status": "completed"})
        total = used["input"] + used["cached"]
        counts = {"input_tokens": total, "input_tokens_details": {"cached_tokens": used["cached"]}, "output_tokens": used["output"],
                  "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": total + used["output"]}
        response = {"id": f"resp_{name}", "object": "response", "created_at": 1, "model": body.get("model"), "output": items, "status": "completed", "usage": counts, "error": None}
        if not body.get("stream"):
            return self.reply(response)

        def events():
            yield {"type": "response.created", "response": {**response, "status": "in_progress", "output": [], "usage": None}}
            for index, item in enumerate(items):
                started = {**item, "content": []} if item["type"] == "message" else {**item, "arguments": ""}
                yield {"type": "response.output_item.added", "output_index": index, "item": started}
                if item["type"] == "message":
                    yield {"type": "response.output_text.delta", "item_id": item["id"], "output_index": index, "content_index": 0, "delta": text}
                yield {"type": "response.output_item.done", "output_index": index, "item": item}
            yield {"type": "response.completed", "response": response}

        return self.stream(events())

    def say_chat(self, body, text, call, used, name):
        total = used["input"] + used["cached"]
        counts = {"prompt_tokens": total, "completion_tokens": used["output"], "total_tokens": total + used["output"], "prompt_tokens_details": {"cached_tokens": used["cached"]}}
        calls = [{"index": 0, "id": f"call_{name}", "type": "function", "function": {"name": call[0], "arguments": json.dumps(call[1])}}] if call else []
        finish = "tool_calls" if call else "stop"
        base = {"id": f"chat_{name}", "created": 1, "model": body.get("model")}
        if not body.get("stream"):
            message = {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
            return self.reply({**base, "object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": counts})

        def events():
            def chunk(delta, finish=None):
                return {**base, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

            yield chunk({"role": "assistant", "content": text})
            if calls:
                yield chunk({"tool_calls": calls})
            yield chunk({}, finish)
            yield {**base, "object": "chat.completion.chunk", "choices": [], "usage": counts}
            yield "[DONE]"

        return self.stream(events())

    def say_gemini(self, body, text, call, used, name):
        total = used["input"] + used["cached"]
        counts = {"promptTokenCount": total, "cachedContentTokenCount": used["cached"], "candidatesTokenCount": used["output"], "totalTokenCount": total + used["output"]}
        config = body.get("generationConfig") or {}
        schema = config.get("responseJsonSchema") or config.get("responseSchema")
        if schema and not call:
            # which model it shall be, and the like: any answer that fits
            number = ("number", "integer", "NUMBER", "INTEGER")
            fields = (schema.get("properties") or {}).items()
            text = json.dumps({key: 1 if value.get("type") in number else (value.get("enum") or ["flash"])[0] for key, value in fields})
        parts = [{"text": text}] + ([{"functionCall": {"name": call[0], "args": call[1]}}] if call else [])
        candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
        answer = {"candidates": [candidate], "usageMetadata": counts, "modelVersion": self.path.split("/models/")[-1].split(":")[0], "responseId": name}
        return self.stream([answer]) if "stream" in self.path else self.reply(answer)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
