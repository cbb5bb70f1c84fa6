-- What somebody answered in forms is found by him: he sees it on the page of his data.
create index fill_answer_resident on fill_answer(resident, at);
