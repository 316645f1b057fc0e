# The official Python SDK: it registers, says where its person must go, and reads from standard input where they came back.
import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import ClientSession
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata


class Kept:
    """Tokens and registration for as long as the program runs."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def show(url: str) -> None:
    print(f"AUTHORIZE {url}", flush=True)


async def come_back() -> AuthorizationCodeResult:
    line = await asyncio.to_thread(sys.stdin.readline)
    given = {name: values[0] for name, values in parse_qs(urlsplit(line.strip()).query).items()}
    return AuthorizationCodeResult(code=given["code"], state=given.get("state"), iss=given.get("iss"))


async def main(url: str, callback: str) -> None:
    metadata = OAuthClientMetadata(client_name="Python SDK", redirect_uris=[callback])
    auth = OAuthClientProvider(url, metadata, Kept(), show, come_back)
    async with httpx2.AsyncClient(auth=auth) as http:
        async with streamable_http_client(url, http_client=http) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                await session.initialize()
                tools = await session.list_tools()
                made = await session.call_tool("create_task", {"title": "Seen by the Python SDK"})
                names = [tool.name for tool in tools.tools]
                print(json.dumps({"tools": names, "made": made.structured_content}))


asyncio.run(main(sys.argv[1], sys.argv[2]))
