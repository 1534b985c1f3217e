DROP TABLE document_grants;
DROP TABLE document_views;
DROP TABLE document_versions;
DROP TABLE documents;
