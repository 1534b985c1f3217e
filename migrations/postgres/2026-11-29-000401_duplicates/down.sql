DROP TABLE merge_moves;
DROP TABLE organization_merges;
DROP TABLE duplicates;
DROP TABLE organization_faces;
DROP TABLE organization_traces;
DROP TABLE stated_identifiers;
