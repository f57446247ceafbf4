from tests.support.world import World
async def test_smoke(world: World) -> None:
    csvf = "\ufeffkind;external_id;name;contact_name;phone_number;opt_in_state;email;permissions\r\nfamily;F1;Rivera;Ana;312-555-0142;opted_in;;\r\nfamily;F1;;Ana;312-555-0143;;;\r\nstaff_member;S1;Jo;;312-555-0142;opted_in;jo@x.test;family_sms_logs|staff_sms_logs mass_text\r\n"
    for partial in ("false","true","false"):
        r = await world.admin.post("/api/v1/directory/import", params={"partial":partial}, content=csvf.encode(), headers={"content-type":"text/csv"})
        print(r.status_code, r.text)
    r = await world.admin.post("/api/v1/directory/import", content=b'{"kind":"family","name":"x","password":1}\n{"kind":"family","name":"y"}\n\n[]\n', headers={"content-type":"application/x-ndjson"})
    print(r.status_code, r.text, r.headers)
    r = await world.noah.post("/api/v1/directory/import", content=csvf.encode(), headers={"content-type":"text/csv"})
    print(r.status_code, r.text)
    r = await world.noah.post("/api/v1/directory/import?partial=1", content=csvf.encode(), headers={"content-type":"text/csv"})
    print(r.status_code, r.text)
    big = b"kind,name\n" + b"family,x\n"*130_000
    r = await world.noah.post("/api/v1/directory/import?partial=1", content=big, headers={"content-type":"text/csv"})
    print(len(big), r.status_code, r.text)
    r = await world.noah.post("/api/v1/directory/import?partial=1", content=b"x"*(64*1024*1024+1), headers={"content-type":"text/csv"})
    print(r.status_code, r.text)
    print(await world.audited())
    r = await world.noah.get("/openapi.json")
    import json; print(json.dumps(r.json()["paths"]["/api/v1/directory/import"])[:3000])
