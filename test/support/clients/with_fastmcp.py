# FastMCP's client as its users write it: it registers, opens a browser ($BROWSER) and keeps its own callback.
import asyncio
import json
import sys

from fastmcp import Client


async def main(url: str) -> None:
    async with Client(url, auth="oauth") as client:
        tools = await client.list_tools()
        made = await client.call_tool("create_task", {"title": "Seen by FastMCP", "loop_id": None})
        print(json.dumps({"tools": [tool.name for tool in tools], "made": made.structured_content}))


asyncio.run(main(sys.argv[1]))
